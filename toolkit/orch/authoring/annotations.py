"""What a step's or pipeline's signature says: parameters and outputs with their types, resolved and as written."""

from __future__ import annotations

import ast
import functools
import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from orch.authoring.places import told
from orch.errors import ArgumentError, Where
from orch.model.graph import Output
from orch.names import output_name_problem

UNKNOWN: Final = Any


@dataclass(frozen=True, slots=True)
class Signature:
    """`hints` and `output_hints` are resolved types, `Any` where there is none; `texts` are the annotations as written."""

    parameters: inspect.Signature
    hints: dict[str, Any]
    texts: dict[str, str]
    outputs: tuple[Output, ...]
    output_hints: tuple[Any, ...]
    several: bool  # the annotation is a tuple of outputs, so a call gives a tuple


def where_defined(function: Callable[..., Any]) -> Where:
    code = inspect.unwrap(function).__code__
    return Where(code.co_filename, code.co_firstlineno)


def read_signature(function: Callable[..., Any]) -> Signature:
    """Raises ArgumentError where an annotation names something that does not exist."""
    name = function.__name__
    _refuse_deferred(function)
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except Exception as error:
        hint = "import the name outside `if TYPE_CHECKING`, or remove the annotation"
        message = f"an annotation of {name!r} cannot be read: {told(error)}"
        raise ArgumentError(message, hint=hint, where=where_defined(function)) from error
    texts = _texts(function)
    outputs, output_hints, several = _outputs(hints.pop("return", UNKNOWN), texts.get("return", ""), function)
    return Signature(inspect.signature(function), hints, texts, outputs, output_hints, several)


def _refuse_deferred(function: Callable[..., Any]) -> None:
    """A call of these runs nothing yet. What a decorator made of them counts, not what lies below it."""
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        hint = "make it a plain function that ends with asyncio.run(...)"
        raise ArgumentError(f"{function.__name__!r} is an async function", hint=hint, where=where_defined(function))
    if inspect.isgeneratorfunction(function):
        hint = "return a list, or write the items into a file and return its Path"
        raise ArgumentError(f"{function.__name__!r} is a generator: it has a `yield`", hint=hint, where=where_defined(function))


def _outputs(hint: Any, text: str, function: Callable[..., Any]) -> tuple[tuple[Output, ...], tuple[Any, ...], bool]:
    if hint is type(None):
        return (), (), False
    members = typing.get_args(hint)
    if typing.get_origin(hint) is not tuple or len(members) < 2 or Ellipsis in members:
        name, kind = _named(hint, "output")
        _check_name(name, function)
        return (Output(name, _bare_text(text)),), (kind,), False
    texts = _member_texts(text, len(members))
    named = [_named(member, f"output_{i}") for i, member in enumerate(members)]
    names = [name for name, _ in named]
    for name in names:
        _check_name(name, function)
    lower = [name.lower() for name in names]  # their folders are one on macOS and Windows
    if twice := {name for name in names if lower.count(name.lower()) > 1}:
        message = f"{function.__name__!r} has two outputs named {min(twice)!r}"
        raise ArgumentError(message, hint='name each with Annotated[T, "name"]', where=where_defined(function))
    outputs = tuple(Output(name, text) for name, text in zip(names, texts, strict=True))
    return outputs, tuple(kind for _, kind in named), True


def _check_name(name: str, function: Callable[..., Any]) -> None:
    if problem := output_name_problem(name):
        hint = 'the first text in Annotated[T, "name"] is the name of the output'
        raise ArgumentError(f"{function.__name__!r}: {problem}", hint=hint, where=where_defined(function))


def _named(hint: Any, default: str) -> tuple[str, Any]:
    """The output's name, from the first text in `Annotated[T, "name"]`, and its type without the annotation."""
    if typing.get_origin(hint) is not typing.Annotated:
        return default, hint
    kind, *extras = typing.get_args(hint)
    return next((extra for extra in extras if type(extra) is str), default), kind


def _bare_text(text: str) -> str:
    """`T` of `Annotated[T, ...]`."""
    tree = _parse(text)
    if isinstance(tree, ast.Subscript) and ast.unparse(tree.value).rpartition(".")[2] == "Annotated":
        inner = tree.slice.elts[0] if isinstance(tree.slice, ast.Tuple) else tree.slice
        return ast.unparse(inner)
    return text


def _member_texts(text: str, count: int) -> list[str]:
    tree = _parse(text)
    if isinstance(tree, ast.Subscript):
        members = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
        if len(members) == count:
            return [_bare_text(ast.unparse(member)) for member in members]
    return [""] * count  # an alias: `Result = tuple[int, str]`


def _parse(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return None


def _texts(function: Callable[..., Any]) -> dict[str, str]:
    """Annotations as the source has them, the same text on every Python: `repr` of a type differs between versions."""
    plain = inspect.unwrap(function)
    written = plain.__annotations__
    if all(type(text) is str for text in written.values()):
        return {name: ast.unparse(tree) if (tree := _parse(text)) else text for name, text in written.items()}
    by_line = _functions(plain.__code__.co_filename)
    node = by_line.get((plain.__name__, plain.__code__.co_firstlineno))
    if node is None:
        return {name: inspect.formatannotation(kind) for name, kind in written.items()}
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    texts = {argument.arg: ast.unparse(argument.annotation) for argument in arguments if argument.annotation}
    return texts | ({"return": ast.unparse(node.returns)} if node.returns else {})


@functools.cache
def _functions(file: str) -> dict[tuple[str, int], ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of `file` by name and first line (of its first decorator, as code objects count)."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError):
        return {}
    nodes = (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return {(node.name, min([node.lineno, *(d.lineno for d in node.decorator_list)])): node for node in nodes}
