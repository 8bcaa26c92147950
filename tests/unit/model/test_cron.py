from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orch.model.cron import latest, moments_until, parse, scattered

BERLIN = "Europe/Berlin"
ZONES = ["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "Pacific/Chatham"]


@pytest.mark.parametrize(
    ("cron", "zone", "moment", "due"),
    [
        ("30 2 * * *", "UTC", "2026-11-21T02:30:00+00:00", "2026-11-21T02:30:00+00:00"),
        ("30 2 * * *", "UTC", "2026-11-21T02:29:59+00:00", "2026-11-20T02:30:00+00:00"),
        ("30 2 * * *", "UTC", "2026-11-21T14:12:00+00:00", "2026-11-21T02:30:00+00:00"),  # GitHub starts late, by hours
        ("30 2 * * *", BERLIN, "2026-11-21T01:30:00+00:00", "2026-11-21T01:30:00+00:00"),
        ("30 2 * * MON-FRI", BERLIN, "2026-11-22T12:00:00+00:00", "2026-11-20T01:30:00+00:00"),
        ("0 0 13 * FRI", "UTC", "2026-11-21T00:00:00+00:00", "2026-11-20T00:00:00+00:00"),  # the 13th or a Friday
        ("0 0 */13 * FRI", "UTC", "2026-11-21T00:00:00+00:00", "2026-08-14T00:00:00+00:00"),  # and a Friday
        ("0 0 29 2 *", "UTC", "2103-01-01T00:00:00+00:00", "2096-02-29T00:00:00+00:00"),
        ("0 0 31 * *", "UTC", "2026-05-01T00:00:00+00:00", "2026-03-31T00:00:00+00:00"),
    ],
)
def test_the_last_moment_not_after_the_given_one_is_found(cron: str, zone: str, moment: str, due: str) -> None:
    assert latest(parse(cron), zone, datetime.fromisoformat(moment)) == datetime.fromisoformat(due)


@pytest.mark.parametrize(
    ("cron", "moments"),
    [
        # Clocks go from 2:00 to 3:00 on 29 March.
        ("30 2 * * *", ["2026-03-30T02:30:00+02:00", "2026-03-29T03:00:00+02:00", "2026-03-28T02:30:00+01:00"]),
        ("*/30 1-3 * * *", ["2026-03-29T03:30:00+02:00", "2026-03-29T03:00:00+02:00", "2026-03-29T01:30:00+01:00"]),
        ("0,30 2,3 * * *", ["2026-03-29T03:30:00+02:00", "2026-03-29T03:00:00+02:00", "2026-03-28T03:30:00+01:00"]),
        # And back from 3:00 to 2:00 on 25 October.
        ("15 2 * 10 *", ["2026-10-25T02:15:00+02:00", "2026-10-24T02:15:00+02:00", "2026-10-23T02:15:00+02:00"]),
        ("*/30 2 * 10 *", ["2026-10-25T02:30:00+01:00", "2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+02:00"]),
    ],
)
def test_what_clocks_skip_comes_when_they_have_moved_and_what_they_show_twice_comes_once(cron: str, moments: list[str]) -> None:
    until = datetime.fromisoformat(moments[0]) + timedelta(minutes=29)

    assert list(islice(moments_until(parse(cron), BERLIN, until), 3)) == [datetime.fromisoformat(moment) for moment in moments]


def test_an_expression_that_never_fires_has_no_moments() -> None:
    assert latest(parse("0 0 30 2 *"), "UTC", datetime(2026, 11, 21, tzinfo=UTC)) is None


def fields(low: int, high: int) -> st.SearchStrategy[str]:
    numbers = st.integers(low, high)
    # Not of one number, which the library takes for `N/step`.
    ranges = st.tuples(numbers, numbers).filter(lambda pair: pair[0] < pair[1]).map(lambda pair: f"{pair[0]}-{pair[1]}")
    one = st.just("*") | numbers.map(str) | ranges
    stepped = st.tuples(st.just("*") | ranges, st.integers(1, 20)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    return one | stepped | st.lists(numbers.map(str), min_size=2, max_size=3).map(",".join)


MOMENTS = st.integers(1_420_070_400, 2_051_222_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))  # 2015 to 2035
CRONS = st.tuples(fields(0, 59), fields(0, 23), fields(1, 31), fields(1, 12), fields(0, 6)).map(" ".join)


@given(cron=CRONS, zone=st.sampled_from(ZONES), moment=MOMENTS)
@settings(max_examples=50)
@example(cron="30 2 * * *", zone=BERLIN, moment=datetime(2026, 3, 29, 1, 10, tzinfo=UTC))
@example(cron="15 2 25 10 *", zone=BERLIN, moment=datetime(2026, 10, 25, 2, tzinfo=UTC))
def test_the_library_that_checks_expressions_finds_the_same_moment_and_none_between(cron: str, zone: str, moment: datetime) -> None:
    due = latest(parse(cron), zone, moment)

    if due is None:
        with pytest.raises((CronSimError, StopIteration)):
            next(CronSim(cron, moment))
    else:
        following = CronSim(cron, (due - timedelta(days=1, minutes=1)).astimezone(ZoneInfo(zone)))
        expected = None
        for each in following:
            if each.astimezone(UTC) > moment:
                break
            expected = each
        assert expected is not None
        assert expected.astimezone(UTC) == due


@given(cron=CRONS, zone=st.sampled_from(ZONES), moment=MOMENTS)
@settings(max_examples=50)
def test_moments_come_from_the_last_to_the_first_and_each_once(cron: str, zone: str, moment: datetime) -> None:
    found = list(islice(moments_until(parse(cron), zone, moment), 10))

    assert found == sorted(set(found), reverse=True)
    assert all(due <= moment for due in found)


def test_the_full_hour_is_scattered_by_the_name_alone() -> None:
    minutes = {scattered("0 2 * * *", f"p{number}").split()[0] for number in range(200)}

    assert scattered("0 2 * * *", "churn") == scattered("0 2 * * *", "churn") == "37 2 * * *"
    assert len(minutes) > 40
    assert "0" not in minutes


@pytest.mark.parametrize("cron", ["5 2 * * *", "*/15 * * * *", "0,30 * * * *", "00 2 * * *"])
def test_any_other_minute_stays_as_it_was_written(cron: str) -> None:
    assert scattered(cron, "churn") == cron
