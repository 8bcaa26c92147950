from __future__ import annotations

import pytest

from orch.orchestrators.github.cron import check_cron


@pytest.mark.parametrize(
    "cron",
    [
        "0 2 * * *",
        "*/5 * * * *",
        "5-59/10 0-6,22 1,15 JAN-mar MON-FRI",
        "0 0 1 1 0",
        "57 * * * *",
        "0,58 2 * * *",
        "1/30 * * * *",
        "00 02 * * *",
        "0 0 29 2 *",
        "0 0 29 2 */7",
        "0 0 30 2 MON",
        "0,58 23,0 * * MON",
        "0,58 23,0 1 * *",
    ],
)
def test_what_github_takes_passes(cron: str) -> None:
    assert check_cron(cron) is None


FIVE = "expected five: minute, hour, day of the month, month, day of the week"
NIGHT = "as '30 2 * * *': half past two every night"
A_DAY = "name a day that there is, as '0 2 28 * *'"
OFTEN = "as '*/5 * * * *'"


@pytest.mark.parametrize(
    ("cron", "problem", "hint"),
    [
        ("", f"it has 0 fields, {FIVE}", NIGHT),
        ("daily", f"it has 1 field, {FIVE}", NIGHT),
        ("@daily", "it is a word, and GitHub takes five fields", "write '0 0 * * *'"),
        ("0 0 2 * * *", f"it has 6 fields, {FIVE}", "write '0 2 * * *': GitHub has no seconds"),
        ("0  2 * * *", "its fields stand apart by more than one space", NIGHT),
        ("60 2 * * *", "its minute is '60', expected 0 to 59", NIGHT),
        ("0 24 * * *", "its hour is '24', expected 0 to 23", NIGHT),
        ("0 0 0 * *", "its day of the month is '0', expected 1 to 31", NIGHT),
        ("0 0 * FOO *", "its month is 'FOO', expected 1 to 12 or JAN to DEC", NIGHT),
        ("0 0 * * 7", "its day of the week is '7', expected 0 to 6 or SUN to SAT", NIGHT),
        ("0 0 * * 1-", "its day of the week is '1-', which is not a number, a range, a list or '*'", NIGHT),
        ("0 0 1,,2 * *", "its day of the month is '1,,2', which is not a number, a range, a list or '*'", NIGHT),
        ("0 0 L * *", "its day of the month is 'L', expected 1 to 31", NIGHT),
        ("*/0 * * * *", "its minute is '*/0', whose step is 0", NIGHT),
        ("0 5-2 * * *", "its hour is '5-2', whose range runs backwards", NIGHT),
        ("٣ 2 * * *", "its minute is '٣', which is not a number, a range, a list or '*'", NIGHT),
        ("0 0 30 2 *", "it never fires: no month that it names has such a day", A_DAY),
        ("0 0 31 2,4,6 *", "it never fires: no month that it names has such a day", A_DAY),
        ("* * * * *", "it fires 1 minute after it did, GitHub at most every 5", OFTEN),
        ("*/4 * * * *", "it fires 4 minutes after it did, GitHub at most every 5", OFTEN),
        ("0,58 * * * *", "it fires 2 minutes after it did, GitHub at most every 5", OFTEN),
        ("0,58 23,0 * * *", "it fires 2 minutes after it did, GitHub at most every 5", OFTEN),
        ("0,58 23,0 31,1 1,12 *", "it fires 2 minutes after it did, GitHub at most every 5", OFTEN),
    ],
)
def test_what_github_does_not_take_is_named_with_what_to_write(cron: str, problem: str, hint: str) -> None:
    assert check_cron(cron) == (problem, hint)
