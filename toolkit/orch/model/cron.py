"""Cron expressions as GitHub reads them: five fields, no seconds, no `@daily`; and the moments that they name in a time zone.

https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows#schedule. What it leaves open is
as in Debian's cron, which most people know: a day has to fit both of its fields if one begins with `*`, else any; a time that
clocks show twice counts once, the first time, unless the minute or the hour begins with `*`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from orch.model import dates

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_PART: Final = re.compile(r"(?:(?P<any>\*)|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?", re.ASCII)
_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
# 29 February on one day of the week, over a year that has none though its number is divisible by four.
_LONGEST_WAIT: Final = 41 * 366


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


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression. `is_fixed`: it names times of the day, and not moments at equal distances."""

    times: tuple[time, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday
    needs_both_days: bool
    is_fixed: bool

    def is_on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        fits = (day.day in self.days, day.isoweekday() % 7 in self.weekdays)
        return all(fits) if self.needs_both_days else any(fits)


def parse(expression: str) -> Cron:
    """Raises ValueError with what is wrong with `expression`."""
    fields = expression.split()
    if len(fields) != 5:
        named = ", ".join(field.name for field in _FIELDS)
        raise ValueError(f"it has {len(fields)} field{'' if len(fields) == 1 else 's'}, expected five: {named}")
    if expression != " ".join(fields):
        raise ValueError("its fields stand apart by more than one space")
    values = []
    for text, field in zip(fields, _FIELDS, strict=True):
        try:
            values.append(_values(text, field))
        except ValueError as error:
            raise ValueError(f"its {field.name} is {text!r}, {error}") from None
    minutes, hours, days, months, weekdays = values
    return Cron(
        times=tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)),
        days=days,
        months=months,
        weekdays=weekdays,
        needs_both_days=fields[2].startswith("*") or fields[4].startswith("*"),
        is_fixed=not (fields[0].startswith("*") or fields[1].startswith("*")),
    )


def _values(text: str, field: _Field) -> frozenset[int]:
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
    return frozenset(found)


def _number(text: str, field: _Field) -> int:
    if text.upper() in field.words:
        return field.low + field.words.index(text.upper())
    if not text.isdecimal() or not field.low <= int(text) <= field.high:
        words = f" or {field.words[0]} to {field.words[-1]}" if field.words else ""
        raise ValueError(f"expected {field.low} to {field.high}{words}")
    return int(text)


def scattered(expression: str, name: str) -> str:
    """`expression`, valid, with a minute of exactly 0 replaced by one that depends on `name` alone.

    At the full hour GitHub has most to start, and delays or drops what it cannot.
    """
    minute, rest = expression.split(" ", 1)
    if minute != "0":
        return expression
    return f"{1 + int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % 59} {rest}"


def moments_until(cron: Cron, zone_name: str, moment: datetime) -> Iterator[datetime]:
    """The moments of `cron` in that zone, from the last one not after `moment` backwards, in UTC; raises UsageError for an unknown zone."""
    day = moment.astimezone(dates.zone(zone_name)).date()
    bound, waited = moment + _MINUTE, 0
    while waited < _LONGEST_WAIT and day > date.min + _DAY:
        waited += 1
        if cron.is_on(day):
            for due in sorted(_on(cron, day, zone_name), reverse=True):
                if due < bound and due <= moment:  # a day that a zone leaves out has its moments where the next one begins
                    yield due
                    bound, waited = due, 0
        day -= _DAY


def latest(cron: Cron, zone_name: str, moment: datetime) -> datetime | None:
    """The last moment of `cron` that is not after `moment`; None where it never fires."""
    return next(moments_until(cron, zone_name, moment), None)


def _on(cron: Cron, day: date, zone_name: str) -> set[datetime]:
    """In UTC, where every moment is one: in a zone, Python takes those that clocks show alike for equal."""
    found: set[datetime] = set()
    for at in cron.times:
        local = datetime.combine(day, at)
        moments = dates.moments(local, zone_name)
        if cron.is_fixed and moments:
            moments = moments[:1]
        elif cron.is_fixed:
            moments = [dates.around(local, zone_name)[1]]  # GitHub: "scheduled workflows in skipped hours advance to the next valid time"
        found.update(moment.astimezone(UTC) for moment in moments)
    return found
