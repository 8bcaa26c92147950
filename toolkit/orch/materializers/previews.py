"""A value in a line of plain text, for people: short, cheap, and without running the user's code."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterator
from itertools import islice
from types import MemberDescriptorType
from typing import Any, Final

from orch.materializers.classes import package, type_name

LENGTH: Final = 200
_ITEMS: Final = 12
_SORTED: Final = 1000  # a set has no order of its own, and sorting a larger one is work
_DEPTH: Final = 4
_DIGITS: Final = 400  # bits: a longer integer is not worth its text
_BRACKETS: Final[dict[type, tuple[str, str]]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
    dict: ("{", "}"),
}


def preview(value: object) -> str:
    return shorten(_text(value, _DEPTH))


def shorten(text: str) -> str:
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 1]}…"


def size_text(size: int) -> str:
    number = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def _text(value: Any, depth: int) -> str:
    kind = type(value)
    if kind is int and value.bit_length() > _DIGITS:
        return f"int of {value.bit_length()} bits"
    if kind in (str, bytes):
        return repr(value if len(value) <= LENGTH else value[:LENGTH])
    if kind in _BRACKETS:
        return _container(value, depth)
    if package(kind) in ("builtins", "datetime", "decimal", "uuid"):
        return repr(value) if kind is float or value is None or kind in (bool, int) else _simple(value)
    if package(kind) == "numpy":
        return _array(value)
    if package(kind) == "pandas":
        return _frame(value)
    if isinstance(value, pathlib.PurePath):
        return value.name
    if dataclasses.is_dataclass(kind) and depth:
        return _instance(value, depth)
    return type_name(value)


def _simple(value: Any) -> str:
    """Dates and the like read best as text; of other built-in types (functions, generators) the type says enough."""
    return str(value) if type(value).__module__ in ("datetime", "decimal", "uuid") else type_name(value)


def _container(value: Any, depth: int) -> str:
    left, right = _BRACKETS[type(value)]
    if not value:
        return "()" if type(value) is tuple else repr(value)
    if not depth or (len(value) > _SORTED and type(value) in (set, frozenset)):
        return f"{left}… {len(value)} items{right}"
    shown = list(islice(_items(value, depth - 1), _ITEMS))
    if len(value) > _ITEMS:
        shown.append(f"… {len(value)} items")
    return f"{left}{', '.join(shown)}{',' if type(value) is tuple and len(value) == 1 else ''}{right}"


def _items(value: Any, depth: int) -> Iterator[str]:
    if type(value) is dict:
        return (f"{_text(key, depth)}: {_text(item, depth)}" for key, item in value.items())
    texts = (_text(item, depth) for item in value)
    return iter(sorted(texts)) if type(value) in (set, frozenset) else texts


def _instance(value: Any, depth: int) -> str:
    shown = [field.name for field in dataclasses.fields(value) if field.repr]
    held = getattr(value, "__dict__", {})
    parts = []
    for name in shown[:_ITEMS]:
        # Only what lies in the instance: a property is the user's code.
        if name not in held and type(getattr(type(value), name, None)) is not MemberDescriptorType:
            parts.append(name)
        else:
            parts.append(f"{name}={_text(getattr(value, name), depth - 1)}")
    return f"{type(value).__qualname__}({', '.join(parts)}{', …' if len(shown) > _ITEMS else ''})"


def _array(value: Any) -> str:
    if hasattr(value, "tolist") and getattr(value, "ndim", None) == 0 and type(value).__name__ != "ndarray":
        return str(value)
    if type(value).__name__ == "ndarray":
        return f"array {'x'.join(map(str, value.shape)) or 'of no dimension'}, {value.dtype}"
    return type_name(value)


def _frame(value: Any) -> str:
    match type(value).__name__:
        case "DataFrame":
            columns = ", ".join(f"{name}: {dtype}" for name, dtype in islice(zip(value.columns, value.dtypes, strict=True), _ITEMS))
            more = ", …" if value.shape[1] > _ITEMS else ""
            return f"frame {value.shape[0]}x{value.shape[1]} ({columns}{more})"
        case "Series":
            return f"series of {value.shape[0]}, {value.dtype}"
        case name if name.endswith("Index"):
            return f"index of {value.shape[0]}, {value.dtype}"
        case _:
            return type_name(value)
