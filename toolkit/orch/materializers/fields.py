"""Dataclasses by their fields, set as they were: `__init__` and `__post_init__` do not run again, as in `copy` and `pickle`.

So `init=False` fields, `InitVar`s and a `__post_init__` that changes values all come back as they were. An instance that
is more than its fields is no case for this module: it is pickled as a whole.
"""

from __future__ import annotations

import dataclasses
import functools
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, Final

from orch.errors import MaterializationError
from orch.materializers import classes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TAG: Final = "$dataclass"
# What a class overrides when its instances are more, or something else, than their attributes.
_PROTOCOL: Final = ("__reduce__", "__reduce_ex__", "__getstate__", "__getattribute__", "__new__")


def is_case(value: object) -> bool:
    return dataclasses.is_dataclass(type(value))


def problem(value: Any) -> str | None:
    """Why the fields of a dataclass instance do not tell all of it, or None."""
    cls = type(value)
    if unfound := classes.problem(cls):
        return unfound
    for name in _PROTOCOL:
        method = getattr(cls, name)
        if (
            method is not getattr(object, name) and getattr(method, "__module__", "") != "dataclasses"
        ):  # frozen ones with slots get theirs there
            return f"it has its own {name}"
    names = {field.name for field in dataclasses.fields(value)}
    if extra := sorted(set(_attributes(value)) - names):
        return f"it has attributes besides its fields: {', '.join(extra)}"
    twin = object.__new__(cls)
    for name in sorted(names):
        try:
            content = getattr(value, name)
            object.__setattr__(twin, name, content)
            same = getattr(twin, name) is content
        except Exception as error:  # noqa: BLE001 -- descriptors and `__getattr__` are the user's code
            return f"its field {name!r} cannot be read and set again ({type(error).__name__})"
        if not same:
            return f"its field {name!r} does not keep what it is set to"
    return None


def parts(value: Any) -> dict[str, object]:
    """By name, so that this order is the one in which the sorted keys are read back."""
    return {name: getattr(value, name) for name in sorted(field.name for field in dataclasses.fields(value))}


def restore(cls: type, parts: Mapping[str, object]) -> object:
    if not dataclasses.is_dataclass(cls):
        raise MaterializationError(f"{classes.reference(cls)!r} is not a dataclass any more", hint=classes.ANEW)
    names = [field.name for field in dataclasses.fields(cls)]
    classes.check_names(cls, parts, names)
    instance: object = object.__new__(cls)
    for name in names:
        object.__setattr__(instance, name, parts[name])
    return instance


def _attributes(value: object) -> Iterator[str]:
    """The names of what an instance holds; what a `cached_property` computed is computed again."""
    for name in getattr(value, "__dict__", ()):
        if not isinstance(getattr(type(value), name, None), functools.cached_property):
            yield name
    for cls in type(value).__mro__:
        for name, member in vars(cls).items():
            if type(member) is MemberDescriptorType and _is_set(member, value):
                yield name


def _is_set(slot: MemberDescriptorType, value: object) -> bool:
    try:
        slot.__get__(value)
    except AttributeError:
        return False
    return True
