"""Logical dates: the moment that a run is for, as people type it, in the time zone of the pipeline's schedule."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from orch.errors import UsageError
from orch.model.triggers import Schedule

_EXAMPLES: Final = "2026-03-29, 2026-03-29T02:30 or 2026-03-29T02:30:00+02:00"
# RFC 3339, and the same without its end. Not `fromisoformat`: what that takes differs between versions of Python.
_HOURS: Final = r"(?:[01]\d|2[0-3]):[0-5]\d"
_WRITTEN: Final = re.compile(
    rf"(?P<date>\d{{4}}-\d\d-\d\d)(?:[Tt ](?P<time>{_HOURS}(?::[0-5]\d(?:\.\d{{1,6}})?)?)(?P<offset>[Zz]|[+-]{_HOURS}(?::[0-5]\d)?)?)?",
    re.ASCII,
)
_SECOND: Final = timedelta(seconds=1)


def has_schedule(triggers: Iterable[object]) -> bool:
    """Whether all jobs of the pipeline's runs on GitHub are for one moment: whoever adds a step must neither gain nor lose it."""
    return any(isinstance(trigger, Schedule) for trigger in triggers)


def zone_of(triggers: Iterable[object]) -> str | None:
    """The time zone of a pipeline's schedules: UTC where there is none, None where they are in several."""
    zones = {trigger.timezone for trigger in triggers if isinstance(trigger, Schedule)}
    return "UTC" if not zones else zones.pop() if len(zones) == 1 else None


def zone(name: str) -> tzinfo:
    """Raises UsageError where this machine does not know the zone; UTC it always knows."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # most pipelines have no zone but UTC

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        hint = "is it an IANA name like 'Europe/Berlin'? if so, this machine has no time zones: `pip install tzdata`"
        raise UsageError(f"the time zone {name!r} is not known on this machine", hint=hint) from None


def parse(text: str, zone_name: str | None) -> datetime:
    """The moment that `text` names, in that zone (without one: in UTC, and `text` needs an offset); raises UsageError.

    `text` is a time with its offset as in RFC 3339, a local time in that zone, or a day: its first moment there.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} is not a date or time", hint=f"write it as {_EXAMPLES}")
    try:
        local = datetime.fromisoformat(f"{found['date']}T{found['time'] or '00:00'}{(found['offset'] or '').upper()}")
        if local.tzinfo is not None:
            return local.astimezone(zone(zone_name or "UTC"))
        if zone_name is None:
            hint = f"write its offset, as in {text}{'' if found['time'] else 'T00:00'}+01:00"
            raise UsageError(f"{text!r} has no offset, and the schedules of this pipeline are in several time zones", hint=hint)
        return _in_zone(local, zone_name, text) if found["time"] else _first_moment(local, zone_name, text)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is not a date or time: {error}", hint=f"write it as {_EXAMPLES}") from None


def at(seconds: float, zone_name: str | None) -> datetime:
    """The logical date of a run that was given none: its start, to the millisecond; in UTC where this machine does not know the zone."""
    moment = datetime.fromtimestamp(int(seconds * 1000) / 1000, UTC)
    try:
        return moment.astimezone(zone(zone_name or "UTC"))
    except UsageError:  # a run that does not ask for its date does not need the zone either
        return moment


def read(text: str, zone_name: str) -> datetime:
    """The moment in a record or an order, which `parse` gave or a clock, in that zone again."""
    return datetime.fromisoformat(text).astimezone(zone(zone_name))


def moments(local: datetime, zone_name: str) -> list[datetime]:
    """All moments at which clocks in that zone show `local`: one, none when they are put forward, two when they are put back."""
    there = zone(zone_name)
    found: list[datetime] = []
    for fold in (0, 1):
        moment = local.replace(tzinfo=there, fold=fold)
        shown = moment.astimezone(UTC).astimezone(there)
        if shown.replace(tzinfo=None, fold=0) == local and all(shown.utcoffset() != known.utcoffset() for known in found):
            found.append(shown)
    return found


def _in_zone(local: datetime, zone_name: str, text: str) -> datetime:
    shown = moments(local, zone_name)
    if len(shown) == 1:
        return shown[0]
    if shown:
        hint = f"write {' or '.join(moment.isoformat() for moment in shown)}"
        raise UsageError(f"{text!r} comes twice in {zone_name}: clocks are put back then", hint=hint)
    before, after = around(local, zone_name)
    hint = f"the nearest that there are: {before.isoformat()} and {after.isoformat()}"
    raise UsageError(f"{text!r} does not exist in {zone_name}: clocks are put forward then", hint=hint)


def _first_moment(midnight: datetime, zone_name: str, text: str) -> datetime:
    """Of a day whose midnight may come twice, or not at all."""
    if shown := moments(midnight, zone_name):
        return shown[0]
    before, after = around(midnight, zone_name)
    if after.date() == midnight.date():
        return after
    hint = f"the nearest moments that there are: {before.isoformat()} and {after.isoformat()}"
    raise UsageError(f"there was no {text} in {zone_name}: clocks were put forward by a day", hint=hint)


def around(local: datetime, zone_name: str) -> tuple[datetime, datetime]:
    """The last second before the gap that `local` lies in, and the first one after it."""
    there = zone(zone_name)
    # PEP 495: in a gap, fold 0 counts with the offset from before it, and so lies after it, and fold 1 the other way round.
    low, high = (local.replace(tzinfo=there, fold=fold, microsecond=0).astimezone(UTC) for fold in (1, 0))
    before = low.astimezone(there).utcoffset()
    while high - low > _SECOND:
        middle = low + (high - low) // (2 * _SECOND) * _SECOND
        if middle.astimezone(there).utcoffset() == before:
            low = middle
        else:
            high = middle
    return low.astimezone(there), high.astimezone(there)
