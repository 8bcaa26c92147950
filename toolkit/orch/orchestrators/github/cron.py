"""Cron as GitHub reads it: five fields, no seconds, no `@daily`, at most every five minutes.

https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows#schedule
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
SHORTEST_MINUTES: Final = 5


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()


_FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 6, _DAYS),
)
_PART: Final = re.compile(r"(?:(?P<any>\*)|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?", re.ASCII)


def check_cron(expression: str) -> str | None:
    """What is wrong with `expression`, or None."""
    fields = expression.split()
    if len(fields) != 5:
        return f"it has {len(fields)} fields, expected five: minute, hour, day of the month, month, day of the week"
    if expression != " ".join(fields):
        return "its fields stand apart by more than one space"
    values = []
    for text, field in zip(fields, _FIELDS, strict=True):
        try:
            values.append(_values(text, field))
        except ValueError as error:
            return f"its {field.name} is {text!r}, {error}"
    gap = _shortest_gap(sorted(values[0]), values[1])
    if gap < SHORTEST_MINUTES:
        return f"it starts every {gap} minutes, GitHub at most every {SHORTEST_MINUTES}"
    return None


def scattered(expression: str, name: str) -> str:
    """`expression`, valid, with a minute of exactly 0 replaced by one that depends on `name` alone.

    At the full hour GitHub has most to start, and delays or drops what it cannot.
    """
    minute, rest = expression.split(" ", 1)
    if minute != "0":
        return expression
    return f"{1 + int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % 59} {rest}"


def _values(text: str, field: _Field) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if not match:
            raise ValueError("which is not a number, a range, a list or '*'")
        if match["any"]:
            first, last = field.low, field.high
        else:
            first = _number(match["first"], field)
            last = _number(match["last"], field) if match["last"] else field.high if match["step"] else first
        step = int(match["step"] or 1)
        if step == 0:
            raise ValueError("whose step is 0")
        if last < first:
            raise ValueError("whose range runs backwards")
        found.update(range(first, last + 1, step))
    return found


def _number(text: str, field: _Field) -> int:
    if text.upper() in field.words:
        return field.low + field.words.index(text.upper())
    if not text.isdecimal() or not field.low <= int(text) <= field.high:
        words = f" or {field.words[0]} to {field.words[-1]}" if field.words else ""
        raise ValueError(f"expected {field.low} to {field.high}{words}")
    return int(text)


def _shortest_gap(minutes: list[int], hours: set[int]) -> int:
    """The shortest time between two starts; over the full hour only where two hours follow each other."""
    gaps = [later - earlier for earlier, later in pairwise(minutes)]
    if any((hour + 1) % 24 in hours for hour in hours):
        gaps.append(60 + minutes[0] - minutes[-1])
    return min(gaps, default=60)
