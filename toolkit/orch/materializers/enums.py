"""Members of enums by their name; a combination of flags by its number."""

from __future__ import annotations

import enum
from typing import Any, Final

from orch.errors import MaterializationError
from orch.materializers import classes

TAG: Final = "$enum"


def is_case(value: object) -> bool:
    return isinstance(value, enum.Enum)


def problem(value: Any) -> str | None:
    cls = type(value)
    if unfound := classes.problem(cls):
        return unfound
    if cls.__members__.get(value.name) is value or _combined(cls, value.value) is value:
        return None
    return "it is no member of its class"


def parts(value: Any) -> object:
    return value.name if type(value).__members__.get(value.name) is value else {"flags": value.value}


def restore(cls: type, parts: Any) -> object:
    if not issubclass(cls, enum.Enum):
        raise MaterializationError(f"{classes.reference(cls)!r} is not an enum any more", hint=classes.ANEW)
    found = cls.__members__.get(parts) if isinstance(parts, str) else _combined(cls, parts["flags"])
    if found is None:
        raise MaterializationError(f"{classes.reference(cls)!r} has no member {parts!r} any more", hint=classes.ANEW)
    return found


def _combined(cls: type, number: object) -> object:
    """Of a class with a `_missing_` of its own, a number may be anything."""
    if not issubclass(cls, enum.Flag) or type(number) is not int or cls._missing_.__func__ is not enum.Flag._missing_.__func__:  # type: ignore[attr-defined]
        return None
    try:
        return cls(number)
    except ValueError:
        return None
