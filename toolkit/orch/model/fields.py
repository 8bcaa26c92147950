"""Whether data that came from a file has the types that its dataclass declares, so that a damaged file is found where it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Final, TypeVar

T = TypeVar("T")
_ATOMS: Final[dict[object, type | tuple[type, ...]]] = {"str": str, "int": int, "float": (int, float), "bool": bool}


def checked(instance: T) -> T:
    """`instance` itself; raises TypeError where it, or a dataclass that it holds, has a field of another type."""
    for field in fields(instance):  # type: ignore[arg-type]
        value = getattr(instance, field.name)
        wanted = _ATOMS.get(field.type) or (Mapping if str(field.type).startswith("Mapping[") else object)
        if not isinstance(value, wanted) or (isinstance(value, bool) and field.type in ("int", "float")):
            raise TypeError(f"{field.name} is {value!r}, expected {field.type}")
        _check_inside(value)
    return instance


def _check_inside(value: object) -> None:
    items: Iterable[object] = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else (value,)
    for item in items:
        if is_dataclass(item):
            checked(item)
