"""Named tuples by their fields, typed or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from orch.errors import MaterializationError
from orch.materializers import classes

TAG: Final = "$namedtuple"


def is_case(value: object) -> bool:
    return _is_named_tuple(type(value))


def problem(value: Any) -> str | None:
    cls = type(value)
    if unfound := classes.problem(cls):
        return unfound
    if len(value) != len(cls._fields):
        return "it has more items or fewer than its class has fields"
    if getattr(value, "__dict__", None):
        return f"it has attributes besides its fields: {', '.join(sorted(vars(value)))}"
    own = [name for name in ("__reduce__", "__reduce_ex__", "__getstate__") if getattr(cls, name) is not getattr(object, name)]
    return f"it has its own {own[0]}" if own else None


def parts(value: Any) -> dict[str, object]:
    return dict(sorted(zip(type(value)._fields, tuple(value), strict=True)))


def restore(cls: Any, parts: Mapping[str, object]) -> object:
    """`__new__` does not run again: a subclass may have one that changes what it is given."""
    if not _is_named_tuple(cls):
        raise MaterializationError(f"{classes.reference(cls)!r} is not a named tuple any more", hint=classes.ANEW)
    classes.check_names(cls, parts, cls._fields)
    return tuple.__new__(cls, [parts[name] for name in cls._fields])


def _is_named_tuple(cls: type) -> bool:
    fields = getattr(cls, "_fields", None)
    return issubclass(cls, tuple) and isinstance(fields, tuple) and all(type(name) is str for name in fields)
