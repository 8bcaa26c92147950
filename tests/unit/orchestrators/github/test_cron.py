from __future__ import annotations

import pytest

from orch.orchestrators.github.cron import check_cron, scattered


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
    ],
)
def test_what_github_takes_passes(cron: str) -> None:
    assert check_cron(cron) is None


@pytest.mark.parametrize(
    ("cron", "problem"),
    [
        ("", "it has 0 fields, expected five: minute, hour, day of the month, month, day of the week"),
        ("@daily", "it has 1 fields, expected five: minute, hour, day of the month, month, day of the week"),
        ("0 0 2 * * *", "it has 6 fields, expected five: minute, hour, day of the month, month, day of the week"),
        ("0  2 * * *", "its fields stand apart by more than one space"),
        ("60 2 * * *", "its minute is '60', expected 0 to 59"),
        ("0 24 * * *", "its hour is '24', expected 0 to 23"),
        ("0 0 0 * *", "its day of the month is '0', expected 1 to 31"),
        ("0 0 * FOO *", "its month is 'FOO', expected 1 to 12 or JAN to DEC"),
        ("0 0 * * 7", "its day of the week is '7', expected 0 to 6 or SUN to SAT"),
        ("0 0 * * 1-", "its day of the week is '1-', which is not a number, a range, a list or '*'"),
        ("0 0 1,,2 * *", "its day of the month is '1,,2', which is not a number, a range, a list or '*'"),
        ("0 0 L * *", "its day of the month is 'L', expected 1 to 31"),
        ("*/0 * * * *", "its minute is '*/0', whose step is 0"),
        ("0 5-2 * * *", "its hour is '5-2', whose range runs backwards"),
        ("٣ 2 * * *", "its minute is '٣', which is not a number, a range, a list or '*'"),
        ("* * * * *", "it starts every 1 minutes, GitHub at most every 5"),
        ("*/4 * * * *", "it starts every 4 minutes, GitHub at most every 5"),
        ("0,58 * * * *", "it starts every 2 minutes, GitHub at most every 5"),
        ("0,58 23,0 * * *", "it starts every 2 minutes, GitHub at most every 5"),
    ],
)
def test_what_github_does_not_take_is_named(cron: str, problem: str) -> None:
    assert check_cron(cron) == problem


def test_the_full_hour_is_scattered_by_the_name_alone() -> None:
    minutes = {scattered("0 2 * * *", f"p{number}").split()[0] for number in range(200)}

    assert scattered("0 2 * * *", "churn") == scattered("0 2 * * *", "churn") == "37 2 * * *"
    assert len(minutes) > 40
    assert "0" not in minutes


@pytest.mark.parametrize("cron", ["5 2 * * *", "*/15 * * * *", "0,30 * * * *", "00 2 * * *"])
def test_any_other_minute_stays_as_it_was_written(cron: str) -> None:
    assert scattered(cron, "churn") == cron
