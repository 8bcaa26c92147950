"""The normal form of Python source: equal where only comments and formatting differ, another one otherwise, on every Python."""

from __future__ import annotations

import ast
from collections.abc import Callable
from json.encoder import encode_basestring_ascii as quoted  # in C, and the same on every Python
from typing import Final

# Positions and contexts follow from the rest; `u"x"` is `"x"`; nothing asks the parser for type comments.
_LEFT_OUT: Final = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
_Special = Callable[[ast.AST, list[ast.AST]], str]


def normal_form(root: ast.AST) -> tuple[str, list[ast.AST]]:
    """The form, and every node it was made of but operators and texts that stand alone.

    One line per node with its plain fields and the places of its children, which follow; fields that are empty are left out,
    so that a field which only newer Pythons know makes no difference. Without recursion: `a + b + ...` may be long.
    """
    form: list[str] = []
    nodes: list[ast.AST] = []
    stack = [root]
    while stack:
        node = stack.pop()
        nodes.append(node)
        kind = node.__class__
        if kind is ast.Name:
            form.append(f"Name {node.id}")  # type: ignore[attr-defined]
        elif kind is ast.Constant:
            form.append(_constant(node.value))  # type: ignore[attr-defined]
        elif kind is ast.Attribute:
            form.append(f"Attribute {node.attr}")  # type: ignore[attr-defined]
            stack.append(node.value)  # type: ignore[attr-defined]
        else:
            form.append(_SPECIAL.get(kind, _any)(node, stack))
    return "\n".join(form), nodes


def _any(node: ast.AST, stack: list[ast.AST]) -> str:
    parts = [node.__class__.__name__]
    for name in node._fields:
        value = getattr(node, name, None)
        if value is None or name in _LEFT_OUT:
            continue
        if isinstance(value, list):
            if value:
                parts.append(f"{name}[{' '.join([_child(item, stack) for item in value])}]")
        else:
            parts.append(f"{name}={_child(value, stack)}")
    return " ".join(parts)


def _child(value: object, stack: list[ast.AST]) -> str:
    """`*` for what follows; what has no fields of its own (operators, `pass`) and what is no node stands where it is."""
    if isinstance(value, ast.AST):
        if value._fields:
            stack.append(value)
            return "*"
        return value.__class__.__name__
    return quoted(value) if isinstance(value, str) else repr(value)  # an int, or None for the `**` of a dict


def _constant(value: object) -> str:
    kind = type(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bytes):
        return f"bytes {value.hex()}"
    return f"int {value:x}" if kind is int else f"{kind.__name__} {value!r}"  # decimals of very long integers are refused


def _statement(node: ast.AST, stack: list[ast.AST]) -> str:
    """A text that stands alone is a docstring, or nothing: its indentation is formatting."""
    value = node.value  # type: ignore[attr-defined]
    if isinstance(value, ast.Constant) and type(value.value) is str:
        return f"Text {quoted(_clean(value.value))}"
    stack.append(value)
    return "Expr"


def _clean(text: str) -> str:
    """As `inspect.cleandoc`, which differs between Pythons; also without spaces at the ends of lines, which formatters remove."""
    first, *others = [line.rstrip() for line in text.expandtabs().split("\n")]
    margin = min((len(line) - len(line.lstrip()) for line in others if line), default=0)
    return "\n".join([first.lstrip(), *(line[margin:] for line in others)]).strip("\n")


def _joined(node: ast.AST, stack: list[ast.AST]) -> str:
    """An f-string: Pythons differ in how they cut the text between two values."""
    parts: list[str] = []
    text = ""
    for part in node.values:  # type: ignore[attr-defined]
        if isinstance(part, ast.Constant):
            text += str(part.value)
            continue
        if text:
            parts.append(quoted(text))
            text = ""
        parts.append("*")
        stack.append(part)
    if text:
        parts.append(quoted(text))
    return f"JoinedStr {' '.join(parts)}"


def _formatted(node: ast.AST, stack: list[ast.AST]) -> str:
    stack.append(node.value)  # type: ignore[attr-defined]
    spec = node.format_spec  # type: ignore[attr-defined]
    has_spec = spec is not None and any(not isinstance(part, ast.Constant) or part.value for part in spec.values)
    if has_spec:
        stack.append(spec)
    return f"FormattedValue {node.conversion} {has_spec}"  # type: ignore[attr-defined]


def _delete(node: ast.AST, stack: list[ast.AST]) -> str:
    """`del (a, b)` is `del a, b`, and formatters write it so."""
    targets = node.targets  # type: ignore[attr-defined]
    while any(isinstance(target, ast.Tuple) for target in targets):
        targets = [item for target in targets for item in (target.elts if isinstance(target, ast.Tuple) else [target])]
    stack.extend(targets)
    return f"Delete {len(targets)}"


_SPECIAL: Final[dict[type, _Special]] = {
    ast.Expr: _statement,
    ast.JoinedStr: _joined,
    ast.FormattedValue: _formatted,
    ast.Delete: _delete,
}
