"""Whether data that came from a file has the types that its dataclass declares, so that a damaged file is found where it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Final, TypeVar

T = TypeVar("T")
_KINDS: Final[dict[object, tuple[type, ...]]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "Mapping[str, Json]": (dict, Mapping),  # it holds what was read, and so no dataclass
}
_PLAIN: Final = frozenset((str, int, float, bool, type(None)))  # they hold nothing
_JSON: Final = _PLAIN | {dict, list}  # what is read from a file, and is no dataclass


def checked(instance: T) -> T:
    """`instance` itself; raises TypeError where it, or a dataclass that it holds, has a field of another type."""
    for name, wanted, declared in _declared(type(instance)):  # type: ignore[arg-type]
        value = getattr(instance, name)
        kind = type(value)
        if kind is wanted[0]:  # as nearly all are, and a run reads thousands
            continue
        if not isinstance(value, wanted) or (kind is bool and int in wanted):
            raise TypeError(f"{name} is {value!r}, expected {declared}")
        if kind not in _PLAIN:
            _check_inside(value)
    return instance


@cache
def _declared(kind: type) -> tuple[tuple[str, tuple[type, ...], object], ...]:
    """Of each field: its name, the types it may have, and the type as declared."""
    return tuple(
        (field.name, _KINDS.get(field.type) or ((Mapping,) if str(field.type).startswith("Mapping[") else (object,)), field.type)
        for field in fields(kind)
        if field.init  # what follows from the others needs no look
    )


def texts(data: object) -> tuple[str, ...]:
    """A list of texts, as JSON has it; raises TypeError."""
    if not isinstance(data, list) or not all(isinstance(item, str) for item in data):
        raise TypeError(f"{data!r} is not a list of texts")
    return tuple(data)


def flags(data: object) -> dict[str, bool]:
    """A table of truths by name, as JSON has it; raises TypeError."""
    if not isinstance(data, dict) or not all(type(value) is bool for value in data.values()):
        raise TypeError(f"{data!r} is not a table of true and false")
    return data


def _check_inside(value: object) -> None:
    items: Iterable[object] = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else (value,)
    for item in items:
        if type(item) not in _JSON and is_dataclass(item):
            checked(item)
