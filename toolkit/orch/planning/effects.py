"""Whether executing a top-level statement does more than bind names: then it counts for every step of its module.

Python cannot tell without executing it, so doubt counts as an effect. What is taken to have none: literals and operators,
functions and classes as such, well-known builtins, and calls of other people's libraries that are not called `set_...`,
`register...` and the like; `doubts` are the modules that must not be first-party for this to hold.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Iterable
from typing import Final

from orch.planning.scope import Scope

_PURE_BUILTINS: Final = frozenset(
    """
    abs bool bytearray bytes chr classmethod complex dict divmod enumerate float frozenset getattr hasattr hash int
    isinstance issubclass len list max memoryview min object ord pow property range repr reversed round set slice sorted
    staticmethod str sum super tuple type zip
    """.split()
)
# Methods of texts, paths, numbers and dicts that leave them as they are.
_PURE_METHODS: Final = frozenset(
    """
    absolute as_posix capitalize casefold copy decode difference encode endswith exists format get hex intersection is_dir
    is_file items join joinpath keys lower lstrip partition relative_to removeprefix removesuffix replace resolve rpartition
    rsplit rstrip split splitlines startswith strip title union upper values with_name with_options with_suffix zfill
    """.split()
)
_IMPERATIVE: Final = re.compile(
    r"_*(activate|add|append|apply|attach|basic_?[Cc]onfig|bind|chdir|clear|configure|config|connect|declare|define|disable|enable"
    r"|export|extend|filterwarnings|hook|import|init|initiali[sz]e|inject|insert|install|load_dotenv|manual_seed|mock|monkey|mount|override"
    r"|patch|plugin|pop|push|put|reg|register|remove|replace|reset|seed|set|setup|start|subscribe|switch|unregister|update|use|write)"
    r"(_|$|[A-Z])|.*(register|seed|patch)"
)
# Libraries whose decorators wrap what they decorate and note nothing down.
_WRAPPING: Final = frozenset(
    ("attr", "attrs", "beartype", "jax", "numba", "pydantic", "tenacity", "torch", "typeguard", "typing_extensions")
)
_NOTING: Final = frozenset({"register", "register_at_fork", "singledispatchmethod"})


class Effects:
    """Gathers what the statements of one unit do."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.found = False
        self.doubts: set[str] = set()

    def statements(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._decorators(node.decorator_list)
                self._expressions(default for default in [*node.args.defaults, *node.args.kw_defaults] if default)
            case ast.ClassDef():
                self._class(node)
            case ast.Assign():
                self._targets(node.targets)
                self._expressions([node.value])
            case ast.AnnAssign():
                self._targets([node.target])
                self._expressions([node.value] if node.value else [])
            case ast.Expr(value):
                self.found = self.found or not isinstance(value, ast.Constant)
            case ast.AugAssign() | ast.Delete():
                self.found = True
            case ast.If(test) | ast.While(test):
                self._expressions([test])
                self._nested(node)
            case ast.For() | ast.AsyncFor():
                self._targets([node.target])
                self._expressions([node.iter])
                self._nested(node)
            case ast.With() | ast.AsyncWith():
                self._expressions(item.context_expr for item in node.items)
                self._nested(node)
            case ast.Match(subject):
                self._expressions([subject])
                for case in node.cases:
                    self._expressions([case.guard] if case.guard else [])
                    self.statements(case.body)
            case ast.Try() | ast.TryStar():
                self._nested(node)
                for handler in node.handlers:
                    self.statements(handler.body)
            case ast.Assert() | ast.Raise():  # they end the import, or nothing
                self._expressions(child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))
            case _:  # imports, `pass`, `global`, type aliases, ...
                pass

    def _nested(self, node: ast.stmt) -> None:
        for name in ("body", "orelse", "finalbody"):
            self.statements(getattr(node, name, ()))

    def _targets(self, targets: Iterable[ast.expr]) -> None:
        for target in targets:
            if isinstance(target, (ast.Tuple, ast.List)):
                self._targets(target.elts)
            elif isinstance(target, ast.Starred):
                self._targets([target.value])
            elif not isinstance(target, ast.Name):  # an attribute or an item of something else
                self.found = True

    def _class(self, node: ast.ClassDef) -> None:
        """Making a class calls its metaclass and `__init_subclass__` of its bases, which may note it down."""
        self._decorators(node.decorator_list)
        for base in [*node.bases, *(keyword.value for keyword in node.keywords if keyword.arg == "metaclass")]:
            name = base.value if isinstance(base, ast.Subscript) else base  # Generic[T]
            if isinstance(name, ast.Call):
                self._expressions([name])
            elif not (isinstance(name, ast.Name) and self.scope.is_builtin(name.id) and hasattr(builtins, name.id)):
                self._foreign(name)
        self.statements(node.body)

    def _decorators(self, decorators: Iterable[ast.expr]) -> None:
        for decorator in decorators:
            function = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(function, ast.Name) and self.scope.is_builtin(function.id) and function.id in _PURE_BUILTINS:
                continue
            if isinstance(function, ast.Attribute) and function.attr in ("setter", "getter", "deleter"):
                continue
            dotted = self.scope.dotted(function)
            if dotted in (["orch.step"], ["orch.pipeline"]):  # under a condition: elsewhere they are taken off
                continue
            if not dotted or any(name.startswith(("orch.", ".")) or name.rpartition(".")[2] in _NOTING for name in dotted):
                self.found = True
            tops = {name.partition(".")[0] for name in dotted}
            self.found = self.found or not all(top in _WRAPPING or is_standard(top) for top in tops)
            self.doubts |= tops
            if isinstance(decorator, ast.Call):
                self._expressions([*decorator.args, *(keyword.value for keyword in decorator.keywords)])

    def _expressions(self, expressions: Iterable[ast.expr]) -> None:
        stack: list[ast.AST] = list(expressions)
        while stack and not self.found:
            node = stack.pop()
            if isinstance(node, ast.Lambda):
                continue
            if isinstance(node, ast.Call):
                self._call(node.func)
            elif isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom)):
                self.found = True
            stack.extend(ast.iter_child_nodes(node))

    def _call(self, function: ast.expr) -> None:
        match function:
            case ast.Name(name) if self.scope.is_builtin(name):
                self.found = name not in _PURE_BUILTINS and not _is_exception(name)
            case ast.Attribute(ast.Constant() | ast.JoinedStr()):
                pass
            case ast.Attribute(ast.Call(), name):  # the inner call is judged on its own
                self.found = name not in _PURE_METHODS and bool(_IMPERATIVE.match(name))
            case ast.Call(inner):  # `step(cache=False)(function)`
                self.found = "orch.step" not in self.scope.dotted(inner)
            case ast.Attribute(_, name) if not self.scope.dotted(function):
                self.found = name not in _PURE_METHODS
            case _:
                self._foreign(function)

    def _foreign(self, node: ast.expr) -> None:
        """A class or function of another module has no effect here, if that module is not first-party."""
        dotted = self.scope.dotted(node)
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if not dotted or not isinstance(root, ast.Name) or not self.scope.is_imported_only(root.id):
            self.found = True
            return
        for name in dotted:
            if name.startswith(".") or (_IMPERATIVE.match(name.rpartition(".")[2]) and name not in _MISNAMED):
                self.found = True
            elif name not in ("orch.step", "orch.pipeline"):
                self.doubts.add(name.partition(".")[0])


_MISNAMED: Final = frozenset({"dataclasses.replace", "pathlib.PurePath"})


def _is_exception(name: str) -> bool:
    value = getattr(builtins, name, None)
    return isinstance(value, type) and issubclass(value, BaseException)


def is_standard(top: str) -> bool:
    return top in sys.stdlib_module_names or top == "typing_extensions"
