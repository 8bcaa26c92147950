"""What a piece of source reaches for: imports in all their forms, and what cannot be followed."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from orch.planning.scope import Scope, names_of_module
from orch.planning.source import Blind, How, Import

_DOTTED: Final = re.compile(r"\.*[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_PLACE: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
# `Model | None`, `list[Model]`: a text that may be an annotation.
_ANNOTATION: Final = re.compile(r"[A-Za-z_][\w.]*(\s*[\[\]|,]\s*[\w.]*)*")
_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_AROUND: Final = frozenset({"globals", "eval", "exec", "__main__", "__globals__", "f_globals", "f_back", "__dict__"})
_UNSEEN: Final = frozenset(
    """
    exec eval run_path run_module entry_points iter_entry_points iter_modules walk_packages addsitedir
    spec_from_file_location SourceFileLoader read_text read_bytes system popen
    """.split()
)
_BUILTIN: Final = frozenset({"exec", "eval", "open", "__import__"})  # as methods (`model.eval()`) they are others
_LOADING: Final = frozenset(("load", "loadtxt", "genfromtxt", "fromfile", "memmap", "imread", "load_dataset", "load_workbook"))
_INTERPRETER: Final = ("sys.path", "sys.meta_path", "sys.path_hooks")
_LONGEST: Final = 100
# A step that uses the run's context otherwise, most often for its folder, has the same result on every date.
_DATE: Final = ("logical_date", "_logical_date", "_asdict")


class Mentions:
    """Of the nodes of one unit; `lines` are those of the file."""

    def __init__(self, nodes: Sequence[ast.AST], scope: Scope, lines: Sequence[bytes]) -> None:
        self.nodes = nodes
        self.scope = scope
        self.lines = lines
        self.names: set[str] = set()
        self.texts: set[str] = set()
        self.rebinds: set[str] = set()  # by `global`
        self.imports: set[Import] = set()
        self.blind: dict[int, Blind] = {}
        self.looks_around = False
        self.asks_date = False
        self.has_class = False
        self.imports_unseen = False  # a module by a name that is not written there
        self._variables: set[str] = set()  # what is bound anywhere inside: it may hide a name of the module
        self._environment_reads: set[int] = set()  # nodes of `os.environ` of which the variable is known
        for node in nodes:
            look = _LOOKS.get(node.__class__)
            if look is not None:
                look(self, node)
        hidden = self.names & self._variables
        if hidden and (scope.has_star or not hidden.isdisjoint(scope.binds.keys() | scope.aliases.keys())):
            self.names = names_of_module(nodes[0])

    # --- names ---

    def _name(self, node: ast.Name) -> None:
        name = node.id
        self.names.add(name)
        if node.ctx.__class__ is not ast.Load:
            self._variables.add(name)
        if name in _AROUND:
            self.looks_around = True
        if name in self.scope.aliases:
            self._stands_for(node, self.scope.aliases[name])

    def _attribute(self, node: ast.Attribute) -> None:
        self.looks_around = self.looks_around or node.attr in _AROUND
        self.asks_date = self.asks_date or node.attr in _DATE
        dotted = self.scope.dotted(node)
        if dotted:
            self.imports.update(Import(How.MAYBE, *_split(name)) for name in dotted if not _is_standard(name))
            self._stands_for(node, dotted)

    def _stands_for(self, node: ast.expr, dotted: Sequence[str]) -> None:
        for name in dotted:
            if name == "sys.modules":
                self.looks_around = True
            elif name in _INTERPRETER or (name == "os.environ" and id(node) not in self._environment_reads):
                self._note(node)

    def _argument(self, node: ast.arg) -> None:
        self._variables.add(node.arg)

    def _global(self, node: ast.Global) -> None:
        self.names.update(node.names)
        self.rebinds.update(node.names)

    def _constant(self, node: ast.Constant) -> None:
        text = node.value
        self.asks_date = self.asks_date or text in _DATE
        if type(text) is str and len(text) < _LONGEST and _ANNOTATION.fullmatch(text):
            self.texts.update(_WORD.findall(text))

    def _class(self, _: ast.ClassDef) -> None:
        self.has_class = True

    # --- imports ---

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.imports.add(Import(How.MODULE, 0, alias.name))
            self.looks_around = self.looks_around or alias.name == "__main__"

    def _import_from(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.imports.add(Import(How.STAR, node.level, node.module or ""))
            else:
                self.imports.add(Import(How.MODULE, node.level, node.module or "", alias.name))

    def _call(self, node: ast.Call) -> None:
        names = self.scope.dotted(node.func) or [_last_name(node.func)]
        for dotted in names:
            name = dotted.rpartition(".")[2]
            if "import" in name.lower() and (node.args or node.keywords):
                self._import_by_name(node, name)
            elif name == "open" or (name.startswith("read_") and "." in dotted):
                if not _only_writes(node, name):
                    self._note(node)
            elif name in _UNSEEN and (name not in _BUILTIN or isinstance(node.func, ast.Name)):
                self._note(node)
                if name in ("iter_modules", "walk_packages"):
                    self._below_packages(node)
            elif dotted.startswith("subprocess.") or (name in _LOADING and "." in dotted and not _is_method(dotted)):
                self._note(node)
            elif dotted in ("os.getenv", "os.environ.get"):
                self._environment(node, node.args[0] if node.args else None, node.func)
            elif name in ("vars", "locals") and not node.args:
                self.looks_around = True

    def _import_by_name(self, node: ast.Call, name: str) -> None:
        """`import_module("a.b")` and its like, also of libraries: `lazy_import("a")`, `importorskip("a")`."""
        wanted = node.args[0] if node.args else node.keywords[0].value
        if isinstance(wanted, ast.Constant):
            if type(wanted.value) is str and _DOTTED.fullmatch(wanted.value):
                self.imports.update(_by_literal(node, wanted.value, name))
            return
        if name not in ("import_module", "__import__"):
            return
        self.imports_unseen = True
        self._note(node)
        prefix = _beginning(wanted).rpartition(".")[0] if "." in _beginning(wanted).lstrip(".") else ""
        dots = len(_beginning(wanted)) - len(_beginning(wanted).lstrip("."))
        if prefix.strip(".") or dots:
            self.imports.add(Import(How.BELOW, dots, prefix.strip(".")))

    def _below_packages(self, node: ast.Call) -> None:
        self.imports.add(Import(How.BELOW, 1, ""))
        for each in ast.walk(node):
            if isinstance(each, ast.Attribute) and each.attr == "__path__":
                self.imports.update(Import(How.BELOW, *_split(name)) for name in self.scope.dotted(each.value))

    # --- what cannot be seen ---

    def _subscript(self, node: ast.Subscript) -> None:
        if "os.environ" in self.scope.dotted(node.value):
            if isinstance(node.ctx, ast.Load):
                self._environment(node, node.slice, node.value)
            else:
                self._environment_reads.add(id(node.value))

    def _environment(self, node: ast.expr, variable: ast.expr | None, reader: ast.expr) -> None:
        if isinstance(variable, ast.Constant) and type(variable.value) is str:
            self._environment_reads.add(id(reader.value if isinstance(reader, ast.Attribute) and reader.attr == "get" else reader))
            self._note(node, variable.value)

    def _note(self, node: ast.expr, variable: str = "") -> None:
        line = node.lineno
        text = self.lines[line - 1].decode(errors="replace").strip() if line <= len(self.lines) else ""
        known = self.blind.get(line)
        if known is None or known.variable:
            self.blind[line] = Blind(line, text[:_LONGEST], variable if known is None else "")


def dotted_texts(nodes: Sequence[ast.AST]) -> Iterator[Import]:
    """Texts that may be the names of modules, for where a module is imported by a name that is not written there."""
    for node in nodes:
        if isinstance(node, ast.Constant) and type(node.value) is str and _PLACE.fullmatch(node.value):
            yield Import(How.MAYBE, 0, node.value)


def _by_literal(node: ast.Call, module: str, name: str) -> Iterator[Import]:
    level = len(module) - len(module.lstrip("."))
    package = node.args[1] if len(node.args) > 1 else next((each.value for each in node.keywords if each.arg == "package"), None)
    if level and isinstance(package, ast.Constant) and type(package.value) is str:
        parents = package.value.split(".")
        base = ".".join(parents[: len(parents) - level + 1])
        yield Import(How.MODULE, 0, f"{base}.{module.lstrip('.')}")
        return
    yield Import(How.MODULE if name in ("import_module", "__import__") else How.MAYBE, level, module.lstrip("."))
    if name == "__import__":
        for each in ast.walk(node):
            if isinstance(each, ast.Constant) and type(each.value) is str and each.value != module:
                yield Import(How.MAYBE, 0, f"{module}.{each.value}")


def _beginning(node: ast.expr) -> str:
    """The literal text that an expression begins with."""
    match node:
        case ast.Constant(str(text)):
            return text
        case ast.JoinedStr([first, *_]):
            return _beginning(first)
        case ast.BinOp(left, ast.Add()):
            return _beginning(left)
        case ast.BinOp(left, ast.Mod()):
            return _beginning(left).partition("%")[0]
        case ast.Call(ast.Attribute(text, "format")):
            return _beginning(text).partition("{")[0]
        case _:
            return ""


def _only_writes(node: ast.Call, name: str) -> bool:
    """`open(path, "w")`, `path.open("w")`."""
    place = 1 if isinstance(node.func, ast.Name) else 0
    mode = node.args[place] if len(node.args) > place else next((each.value for each in node.keywords if each.arg == "mode"), None)
    text = mode.value if isinstance(mode, ast.Constant) else None
    return name == "open" and type(text) is str and text[:1] in ("w", "a", "x") and "+" not in text


def _last_name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""


def _is_method(dotted: str) -> bool:
    """Of a module that reads no data: `json.load` reads what was opened before."""
    return dotted.partition(".")[0] in ("json", "yaml", "tomllib", "marshal", "pickle", "plistlib")


def _split(dotted: str) -> tuple[int, str]:
    module = dotted.lstrip(".")
    return len(dotted) - len(module), module


def _is_standard(dotted: str) -> bool:
    return dotted.partition(".")[0] in sys.stdlib_module_names or dotted.startswith("orch.")


_LOOKS: Final[dict[type, Callable[[Mentions, Any], None]]] = {
    ast.Name: Mentions._name,
    ast.arg: Mentions._argument,
    ast.Attribute: Mentions._attribute,
    ast.Constant: Mentions._constant,
    ast.Global: Mentions._global,
    ast.ClassDef: Mentions._class,
    ast.Import: Mentions._import,
    ast.ImportFrom: Mentions._import_from,
    ast.Call: Mentions._call,
    ast.Subscript: Mentions._subscript,
}
