"""Instances of the user's own classes that are data: which kind keeps which, by its parts and the name of its class."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol

from orch.errors import MaterializationError
from orch.materializers import classes, enums, fields, models, named_tuples

if TYPE_CHECKING:
    from orch.model.canonical import Json


class Kind(Protocol):
    """A module; what it keeps is data, and nothing of the class' own runs when it is kept or restored."""

    TAG: str

    def is_case(self, value: object) -> bool: ...
    def problem(self, value: object) -> str | None:
        """Why the parts of a value do not tell all of it, or None."""

    def parts(self, value: object) -> object:
        """In an order that JSON with sorted keys has, too: places in a value are told by it."""

    def restore(self, cls: type, parts: Any) -> object:
        """Raises MaterializationError where `cls` is another one than the value was of."""


KINDS: Final[MappingProxyType[str, Kind]] = MappingProxyType({kind.TAG: kind for kind in (enums, named_tuples, models, fields)})


def kind_of(value: object) -> Kind | None:
    return next((kind for kind in KINDS.values() if kind.is_case(value)), None)


def takes(value: object) -> bool:
    kind = kind_of(value)
    return kind is not None and kind.problem(value) is None


def problem(value: object) -> str:
    """Why `value` is no data, or nothing where that needs no words."""
    kind = kind_of(value)
    return (kind and kind.problem(value)) or ""


def reference(value: object) -> Json:
    """One name, or a list: a generic model and what it was made with."""
    names = models.names(type(value)) if models.is_case(value) else [classes.reference(type(value))]
    return names if len(names) > 1 else names[0]


def find(reference: Json, project: Path | None) -> Any:
    if not isinstance(reference, list):
        return classes.find(reference, project)
    origin, *made_with = [classes.find(name, project) for name in reference]
    if not models.is_model(origin):
        raise MaterializationError(f"{classes.reference(origin)!r} is not a pydantic model any more", hint=classes.ANEW)
    return origin[tuple(made_with)]
