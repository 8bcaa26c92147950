"""Whether data that came from a file has the types that its dataclass declares, so that a damaged file is found where it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Final, TypeVar

T = TypeVar("T")
_ATOMS: Final[dict[object, type | tuple[type, ...]]] = {"str": str, "int": int, "float": (int, float), "bool": bool}
_PLAIN: Final = frozenset((str, int, float, bool, type(None)))  # they hold nothing


def checked(instance: T) -> T:
    """`instance` itself; raises TypeError where it, or a dataclass that it holds, has a field of another type."""
    for name, wanted, is_number, declared in _declared(type(instance)):  # type: ignore[arg-type]
        value = getattr(instance, name)
        if not isinstance(value, wanted) or (is_number and isinstance(value, bool)):
            raise TypeError(f"{name} is {value!r}, expected {declared}")
        if type(value) not in _PLAIN:
            _check_inside(value)
    return instance


@cache
def _declared(kind: type) -> tuple[tuple[str, type | tuple[type, ...], bool, object], ...]:
    """Of each field: its name, the types it may have, whether they are numbers, and the type as declared."""
    return tuple(
        (
            field.name,
            _ATOMS.get(field.type) or (Mapping if str(field.type).startswith("Mapping[") else object),
            field.type in ("int", "float"),
            field.type,
        )
        for field in fields(kind)
    )


def texts(data: object) -> tuple[str, ...]:
    """A list of texts, as JSON has it; raises TypeError."""
    if not isinstance(data, list) or not all(isinstance(item, str) for item in data):
        raise TypeError(f"{data!r} is not a list of texts")
    return tuple(data)


def _check_inside(value: object) -> None:
    items: Iterable[object] = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else (value,)
    for item in items:
        if type(item) not in _PLAIN and is_dataclass(item):
            checked(item)
