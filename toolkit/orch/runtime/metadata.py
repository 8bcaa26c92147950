"""What `orch.log_metadata` takes: single plain values under names, in the form in which a record keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Protocol, TypeAlias

from orch.errors import OrchError, UsageError, raise_problems
from orch.model import canonical, values
from orch.model.canonical import Json

MOST: Final = 100  # of a step: records are read by many commands, and whole
LONGEST_NAME: Final = 100
LONGEST_VALUE: Final = 1000  # characters of its JSON
_EXACT: Final = (type(None), bool, int, float, str, datetime, date, time, timedelta)
_WAY_OUT: Final = "single values are kept: numbers, text, True, False, None, dates and times; return anything else from the step"


class Item(Protocol):
    """A number of numpy, or an array or tensor without dimensions."""

    def item(self) -> Any: ...


Scalar: TypeAlias = bool | int | float | str | datetime | date | time | timedelta | Item | None


def checked(given: Mapping[str, object], kept: Mapping[str, Json]) -> dict[str, Json]:
    """`kept` and, over it, `given` as data; raises every problem, and then nothing of `given` counts."""
    data = {**kept}
    problems: list[OrchError] = []
    for name, value in given.items():
        problems += _problems_of_name(name)
        try:
            data[name] = _encoded(name, value)
        except OrchError as error:
            problems.append(error)
    if len(data) > MOST:
        problems.append(UsageError(f"a step can log {MOST} values, these are {len(data)}", hint="return them from the step as a dict"))
    raise_problems(problems)
    return data


def as_text(value: Json) -> str:
    """A value of a record, whoever wrote that, as people read it."""
    try:
        plain = values.decode(value)
        return plain if isinstance(plain, str) else repr(plain) if isinstance(plain, (bool, float, type(None))) else str(plain)
    except Exception:  # noqa: BLE001 (a damaged one, or masked where it was no text)
        return canonical.dumps(value)


def _problems_of_name(name: str) -> Iterator[OrchError]:
    if not name or not name.isprintable() or len(name) > LONGEST_NAME:
        shown = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..."
        yield UsageError(f"{shown!r} is no name for metadata", hint=f"a name is 1 to {LONGEST_NAME} characters that can be printed")


def _encoded(name: str, value: object) -> Json:
    try:
        data = values.encode(_plain(value))
    except (values.NotPlain, TypeError):
        raise UsageError(f"metadata {name!r} is a {type(value).__qualname__}, which is not a single plain value", hint=_WAY_OUT) from None
    if (length := len(canonical.dumps(data))) > LONGEST_VALUE:
        message = f"metadata {name!r} takes {length} characters, at most {LONGEST_VALUE} are kept"
        raise UsageError(message, hint="return it from the step, as an output")
    return data


def _plain(value: object) -> object:
    """`value` as the exact type that it is one of, so that nothing about it changes; raises TypeError."""
    if type(value) in _EXACT:
        return value
    match value:  # of a type of its own, as enums are, and numpy's float64
        case str():
            return str.__str__(value)
        case int():
            return int.__int__(value)
        case float():
            return float.__float__(value)
        case _:
            return _item(value)


def _item(value: Any) -> object:
    """The number in an array without dimensions. Not of every kind: numpy's date in nanoseconds would become a bare number."""
    if getattr(value, "shape", None) == () and getattr(getattr(value, "dtype", None), "kind", "f") in "biuf":
        item = value.item()
        if type(item) in (bool, int, float):
            return item
    raise TypeError
