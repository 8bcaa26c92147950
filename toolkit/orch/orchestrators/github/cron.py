"""What is wrong with a cron expression, in words: also that it never fires, or more often than GitHub starts anything.

`cronsim` walks the calendar here, and not `orch.model.cron`, which jobs evaluate: two readers of one expression find
where either is wrong.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise, takewhile
from typing import Final

from orch.model import cron

SHORTEST: Final = timedelta(minutes=5)
_SHORTHANDS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_EXAMPLE: Final = "as '30 2 * * *': half past two every night"
# By then, days that follow each other have done so, where any do.
_WATCHED: Final = timedelta(days=366)
_START: Final = datetime(2001, 1, 1, tzinfo=UTC)


def check_cron(expression: str) -> tuple[str, str] | None:
    """What is wrong with `expression` and what to write, or None."""
    if expression in _SHORTHANDS:
        return "it is a word, and GitHub takes five fields", f"write '{_SHORTHANDS[expression]}'"
    try:
        parsed = cron.parse(expression)
    except ValueError as error:
        fields = expression.split()
        return str(error), f"write '{' '.join(fields[1:])}': GitHub has no seconds" if len(fields) == 6 else _EXAMPLE
    from cronsim import CronSim, CronSimError  # asked where there is a schedule only

    try:
        moments = CronSim(expression, _START)
        first = next(moments)
    except (CronSimError, StopIteration):  # of what `parse` has taken: a day that none of the months has
        return "it never fires: no month that it names has such a day", "name a day that there is, as '0 2 28 * *'"
    if _may_be_too_often(parsed):
        year = takewhile(lambda moment: moment < first + _WATCHED, chain([first], moments))
        shortest = next((later - earlier for earlier, later in pairwise(year) if later - earlier < SHORTEST), SHORTEST)
        if shortest < SHORTEST:
            minutes = shortest.seconds // 60
            told = f"it fires {minutes} minute{'' if minutes == 1 else 's'} after it did, GitHub at most every {SHORTEST.seconds // 60}"
            return told, "as '*/5 * * * *'"
    return None


def _may_be_too_often(parsed: cron.Cron) -> bool:
    """Whether two of its times are too near, if each day came after each."""
    minutes = [60 * at.hour + at.minute for at in parsed.times]
    return any(later - earlier < SHORTEST.seconds // 60 for earlier, later in pairwise([*minutes, minutes[0] + 24 * 60]))
