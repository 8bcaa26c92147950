"""From the bytes of a source file to what they say."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from orch.planning.effects import Effects
from orch.planning.mentions import Mentions, dotted_texts
from orch.planning.normal_form import normal_form
from orch.planning.scope import Scope, bound_by
from orch.planning.source import Blind, How, Import, Kind, Source, Unit, digest_of_bytes, opaque_source, source_of

_IMPORT_LINE: Final = re.compile(rb"^[ \t]*(?:from[ \t]+(\.*)([\w.]*)[ \t]+import\b|import[ \t]+([\w.]+))", re.MULTILINE)


def read_source(data: bytes) -> tuple[Source, Sequence[Unit]]:
    """Never raises: what this Python cannot read counts by its bytes."""
    text = digest_of_bytes(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of `"\d"` and the like: they are the interpreter's to give
            tree = ast.parse(data)
    except (SyntaxError, ValueError):  # it fails when it is imported
        return opaque_source(text), ()
    except (RecursionError, MemoryError):
        units = [_unreadable(data, text)]
        return source_of(text, text, units)._replace(is_opaque=True, has_class=True), units
    units = _units(tree, data.splitlines())
    return source_of(digest_of_bytes("\n".join(unit.digest for unit in units).encode()), text, units), units


def _unreadable(data: bytes, digest: str) -> Unit:
    """Too deeply nested for `ast`, which says nothing of whether it can be imported."""
    imports = []
    for dots, source, module in _IMPORT_LINE.findall(data):
        name = (module or source).decode(errors="replace")
        imports += [Import(How.MODULE, len(dots), name), Import(How.STAR, len(dots), name)]
    note = Blind(1, "it is nested too deeply to be read")
    return Unit(Kind.STATEMENT, 1, digest, imports=imports, blind=(note,), has_effect=True, looks_around=True, asks_date=True)


def top_level(tree: ast.Module) -> list[ast.stmt]:
    """The statement behind each unit, in their order."""
    return [piece.node for piece in _all_pieces(tree)[0]]


def _all_pieces(tree: ast.Module) -> tuple[list[_Piece], Scope]:
    statements = list(_statements(tree.body, _type_checking_names(tree)))
    scope = Scope(node for node, kind in statements if kind not in (Kind.MAIN, Kind.TYPING))
    pieces = [piece for node, kind in statements for piece in _pieces(node, kind, scope)]
    for piece in pieces:
        scope.add_imports(piece.nodes)
    return pieces, scope


def _units(tree: ast.Module, lines: Sequence[bytes]) -> list[Unit]:
    pieces, scope = _all_pieces(tree)
    found = {piece: Mentions(piece.nodes, scope, lines) for piece in pieces if piece.nodes}
    if any(mentions.imports_unseen for mentions in found.values()):
        for piece, mentions in found.items():
            mentions.imports.update(dotted_texts(piece.nodes))
    return [_unit(piece, found[piece], scope) if piece.nodes else _import_unit(piece) for piece in pieces]


def _statements(body: Sequence[ast.stmt], type_checking: set[str]) -> Iterator[tuple[ast.stmt, Kind]]:
    """Top-level statements, also those that stand under `if TYPE_CHECKING` and `if __name__ == "__main__"`."""
    for node in body:
        kind = _kind_of_condition(node.test, type_checking) if isinstance(node, ast.If) else None
        if kind is not None:
            assert isinstance(node, ast.If)
            yield from ((each, kind) for each in node.body)
            yield from _statements(node.orelse, type_checking)
        else:
            yield node, Kind.STATEMENT


def _kind_of_condition(test: ast.expr, type_checking: set[str]) -> Kind | None:
    match test:
        case ast.Name(name) if name in type_checking:
            return Kind.TYPING
        case ast.Attribute(ast.Name(module), "TYPE_CHECKING") if f"{module}." in type_checking:
            return Kind.TYPING
        case ast.Compare(ast.Name("__name__"), [ast.Eq()], [ast.Constant("__main__")]):
            return Kind.MAIN
        case ast.Compare(ast.Constant("__main__"), [ast.Eq()], [ast.Name("__name__")]):
            return Kind.MAIN
        case _:
            return None


def _type_checking_names(tree: ast.Module) -> set[str]:
    """What `TYPE_CHECKING` is called here, if it is the one of `typing` and nothing else (`typing.` as `typing`)."""
    names: set[str] = set()
    for node in tree.body:
        match node:
            case ast.ImportFrom("typing" | "typing_extensions", aliases, 0):
                names.update(alias.asname or alias.name for alias in aliases if alias.name == "TYPE_CHECKING")
            case ast.Import(aliases):
                names.update(f"{alias.asname or alias.name}." for alias in aliases if alias.name in ("typing", "typing_extensions"))
            case ast.Assign([ast.Name("TYPE_CHECKING")], ast.Constant(False)):
                names.add("TYPE_CHECKING")
            case _:
                pass
    bound = [name for node in tree.body for name in bound_by(node)] if names else []
    return {name for name in names if bound.count(name.removesuffix(".")) == 1}


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """A statement, or one name of an import: what becomes a unit."""

    node: ast.stmt
    kind: Kind
    line: int
    form: str = ""
    nodes: Sequence[ast.AST] = ()
    settings: Sequence[ast.expr] = ()  # a step's decorators


def _pieces(node: ast.stmt, kind: Kind, scope: Scope) -> Iterator[_Piece]:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias in node.names:
            one = ast.Import([alias]) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, [alias], node.level)
            one.lineno, one.end_lineno = node.lineno, node.end_lineno
            yield _Piece(one, Kind.IMPORT if kind is Kind.STATEMENT else kind, node.lineno)
    elif not isinstance(node, ast.Pass):
        line = node.lineno
        settings: list[ast.expr] = []
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            line = min([line, *(decorator.lineno for decorator in node.decorator_list)])
            if kind is Kind.STATEMENT:
                kind, settings = _take_off_decorators(node, scope)
        yield _Piece(node, kind, line, *normal_form(node), settings)


def _take_off_decorators(node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> tuple[Kind, list[ast.expr]]:
    """Those of steps and pipelines, which are settings and no code."""
    kind = Kind.DEFINITION
    settings = []
    others = []
    for decorator in node.decorator_list:
        dotted = scope.dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if "orch.step" in dotted:
            kind = Kind.STEP
        elif "orch.pipeline" in dotted:
            kind = Kind.PIPELINE
        else:
            others.append(decorator)
            continue
        settings.append(decorator)
    node.decorator_list = others
    return kind, settings


def _import_unit(piece: _Piece) -> Unit:
    node = piece.node
    assert isinstance(node, (ast.Import, ast.ImportFrom))
    (alias,) = node.names
    if isinstance(node, ast.Import):
        found = Import(How.MODULE, 0, alias.name)
        bound = alias.asname or alias.name.partition(".")[0]
    else:
        is_star = alias.name == "*"
        found = Import(How.STAR if is_star else How.MODULE, node.level, node.module or "", "" if is_star else alias.name)
        bound = "" if is_star else alias.asname or alias.name
    return Unit(
        piece.kind,
        piece.line,
        digest_of_bytes(f"import {found.level} {found.module} {found.how} {found.name} as {alias.asname}".encode()),
        (bound,) if bound else (),
        imports=() if piece.kind is Kind.TYPING else (found,),
        looks_around=found.module == "__main__",
    )


def _unit(piece: _Piece, found: Mentions, scope: Scope) -> Unit:
    node, kind = piece.node, piece.kind
    effects = Effects(scope)
    if kind is not Kind.TYPING:
        effects.statement(node)
    binds = {*bound_by(node), *found.rebinds}
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        binds = {"__doc__"}
    settings = {each.id for decorator in piece.settings for each in ast.walk(decorator) if isinstance(each, ast.Name)}
    return Unit(
        kind,
        piece.line,
        digest_of_bytes(piece.form.encode()),
        sorted(binds),
        sorted(found.names if scope.has_star else found.names & scope.binds.keys() | found.names & {"__doc__"}),
        sorted(found.texts & scope.binds.keys()),
        sorted(settings),
        () if kind is Kind.TYPING else sorted(found.imports),
        [found.blind[line] for line in sorted(found.blind)],
        effects.found,
        sorted(effects.doubts),
        found.looks_around,
        found.asks_date,
        found.has_class,
    )
