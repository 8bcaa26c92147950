"""pydantic's models (of version 2) by what they hold, set as it was: nothing is validated again, as when pydantic unpickles one.

Fields, what was set explicitly, extra and private attributes come back; computed fields are computed again.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from typing import Any, Final

from orch.errors import MaterializationError
from orch.materializers import classes

TAG: Final = "$model"
_PROTOCOL: Final = ("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getattribute__", "__new__")
_UNSET: Final = object()
_NO_VALUE: Final = "PydanticUndefinedType"


def is_case(value: object) -> bool:
    return is_model(type(value))


def is_model(cls: type) -> bool:
    base = _base()
    return base is not None and issubclass(cls, base)


def _base() -> Any:
    """BaseModel, where this process has one: who has a model has imported it."""
    base = getattr(sys.modules.get("pydantic.main"), "BaseModel", None)
    return base if hasattr(base, "model_validate") else None


def problem(value: Any) -> str | None:
    cls, base = type(value), _base()
    if unfound := next(filter(None, map(classes.problem, _named(cls))), None):
        return unfound
    for name in _PROTOCOL:
        own = getattr(cls, name, None)
        if own is not getattr(base, name, None) and not str(getattr(own, "__module__", "")).startswith("pydantic."):  # RootModel's
            return f"it has its own {name}"
    if slots := [name for kind in cls.__mro__[: cls.__mro__.index(base)] for name in vars(kind).get("__slots__", ())]:
        return f"it has slots of its own: {', '.join(slots)}"
    held, fields = set(_held(value)), set(cls.__pydantic_fields__)
    if held != fields:
        return f"what it holds is not what its fields are: {', '.join(sorted(held ^ fields))}"
    return None


def _held(value: Any) -> dict[str, object]:
    """What a `cached_property` computed is computed again."""
    cls = type(value)
    return {name: item for name, item in vars(value).items() if not isinstance(getattr(cls, name, None), functools.cached_property)}


def parts(value: Any) -> dict[str, object]:
    private = value.__pydantic_private__
    held = None if private is None else {name: item for name, item in private.items() if type(item).__name__ != _NO_VALUE}
    return {
        "extra": value.__pydantic_extra__,
        "fields": _held(value),
        "private": held,
        "set": set(value.__pydantic_fields_set__),
    }


def restore(cls: Any, parts: Mapping[str, Any]) -> object:
    if not is_model(cls):
        raise MaterializationError(f"{classes.reference(cls)!r} is not a pydantic model any more", hint=classes.ANEW)
    classes.check_names(cls, parts["fields"], cls.__pydantic_fields__)
    instance: object = object.__new__(cls)
    for name, item in (
        ("__dict__", parts["fields"]),
        ("__pydantic_fields_set__", parts["set"]),
        ("__pydantic_extra__", parts["extra"]),
        ("__pydantic_private__", parts["private"]),
    ):
        if getattr(instance, name, _UNSET) is not item:  # of a RootModel, some are the class' own
            object.__setattr__(instance, name, item)
    return instance


# --- a model with types for its parameters is made when it is asked for: it has the name of what it was made of ---


def _named(cls: Any) -> tuple[type, ...]:
    """The classes that have to be found to have `cls`."""
    made_of = cls.__pydantic_generic_metadata__
    origin = made_of["origin"]
    return (cls,) if origin is None else (origin, *(kind if isinstance(kind, type) else cls for kind in made_of["args"]))


def names(cls: type) -> list[str]:
    return [classes.reference(kind) for kind in _named(cls)]
