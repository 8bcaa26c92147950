"""The names of a module: what its statements bind, and what its imports say they are."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable
from typing import Final

_DEFINITIONS: Final = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef})
_COMPREHENSIONS: Final = frozenset({ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp})
_IMPORTS: Final = frozenset({ast.Import, ast.ImportFrom})
_COMPOUND: Final = frozenset({ast.If, ast.Try, ast.TryStar, ast.With, ast.For, ast.While, ast.Match})
_NOTHING_INSIDE: Final = frozenset({ast.Constant, ast.Load, ast.Store})
_NAMES: Final[dict[type, str]] = {ast.ExceptHandler: "name", ast.MatchAs: "name", ast.MatchStar: "name", ast.MatchMapping: "rest"}
_NONE: Final[frozenset[str]] = frozenset()


def bound_by(statement: ast.stmt) -> list[str]:
    """The names that executing `statement` binds in its module, each as often as it is bound."""
    found: list[str] = []
    stack: list[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        kind = node.__class__
        if kind in _DEFINITIONS:
            found.append(node.name)  # type: ignore[attr-defined]
        elif kind is ast.Name:
            if node.ctx.__class__ is not ast.Load:  # type: ignore[attr-defined]
                found.append(node.id)  # type: ignore[attr-defined]
        elif kind is ast.alias:
            found.append(node.asname or node.name.partition(".")[0])  # type: ignore[attr-defined]
        elif kind in _COMPREHENSIONS:  # their own variables are theirs alone
            found += [each.target.id for each in ast.walk(node) if isinstance(each, ast.NamedExpr)]
        elif kind is not ast.Lambda and kind not in _NOTHING_INSIDE:
            name = getattr(node, _NAMES.get(kind, ""), None)
            if name:
                found.append(name)
            stack.extend(ast.iter_child_nodes(node))
    return found


def names_of_module(root: ast.AST) -> set[str]:
    """The names in `root` that are not variables of a function: those that are looked up in the module."""
    found: set[str] = set()
    stack: list[tuple[ast.AST, frozenset[str]]] = [(root, _NONE)]
    while stack:
        node, hidden = stack.pop()
        match node:
            case ast.Name(name):
                if name not in hidden:
                    found.add(name)
            case ast.Global(names):
                found.update(names)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                body = node.body if isinstance(node.body, list) else [node.body]
                inner = hidden | _variables(node.args, body)
                stack.extend((each, inner - _declared_global(body)) for each in body)
                # Decorators, defaults and annotations are evaluated outside.
                stack.extend((each, hidden) for each in ast.iter_child_nodes(node) if each not in body)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                first = node.generators[0].iter
                stored = {each.id for part in node.generators for each in ast.walk(part.target) if isinstance(each, ast.Name)}
                stack.append((first, hidden))
                for part in node.generators:
                    stack.extend(
                        (each, hidden | stored) for each in (part.target, *part.ifs, *([part.iter] if part.iter is not first else []))
                    )
                elements = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
                stack.extend((each, hidden | stored) for each in elements)
                continue
            case _:
                stack.extend((each, hidden) for each in ast.iter_child_nodes(node))
    return found


def _variables(arguments: ast.arguments, body: Iterable[ast.AST]) -> frozenset[str]:
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    bound = (name for each in body if isinstance(each, ast.stmt) for name in bound_by(each))
    return frozenset({each.arg for each in named if each} | set(bound))


def _declared_global(body: Iterable[ast.AST]) -> frozenset[str]:
    """Also by functions inside: what they bind is the module's, and may be read here under the same name."""
    return frozenset(name for each in body for node in ast.walk(each) if isinstance(node, ast.Global) for name in node.names)


class Scope:
    """What names stand for. Names inside functions count as the module's, which errs on the safe side."""

    def __init__(self, statements: Iterable[ast.stmt]) -> None:
        self.binds: Counter[str] = Counter()
        self.aliases: dict[str, list[str]] = {}
        self.has_star = False
        for statement in statements:
            kind = statement.__class__
            self.binds.update(bound_by(statement))
            if kind in _IMPORTS:
                self.add_imports([statement])
            elif kind in _COMPOUND:
                self.add_imports(ast.walk(statement))

    def add_imports(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            if node.__class__ not in _IMPORTS:
                continue
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._add(alias.asname or alias.name.partition(".")[0], alias.name if alias.asname else alias.name.partition(".")[0])
            elif isinstance(node, ast.ImportFrom):
                source = "." * node.level + (node.module or "")
                for alias in node.names:
                    if alias.name != "*":
                        self._add(alias.asname or alias.name, f"{source}.{alias.name}" if node.module else f"{source}{alias.name}")
                    elif source == "orch":
                        self._add_all_of_orch()
                    else:
                        self.has_star = True

    def _add(self, name: str, dotted: str) -> None:
        found = self.aliases.setdefault(name, [])
        if dotted not in found:
            found.append(dotted)

    def _add_all_of_orch(self) -> None:
        for name in ("context", "pipeline", "step"):
            if not self.binds[name]:
                self._add(name, f"orch.{name}")

    def dotted(self, node: ast.AST) -> list[str]:
        """What a name or a chain of attributes may stand for, from imports: `pandas.read_csv`, `.helpers.clean`, ..."""
        attributes = []
        while isinstance(node, ast.Attribute):
            attributes.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return []
        return [".".join([root, *reversed(attributes)]) for root in self.aliases.get(node.id, ())]

    def is_imported_only(self, name: str) -> bool:
        """Whether all that binds `name` are imports."""
        return name in self.aliases and self.binds[name] <= len(self.aliases[name])

    def is_builtin(self, name: str) -> bool:
        return not self.binds[name] and not self.has_star and name not in self.aliases
