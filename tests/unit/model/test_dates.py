"""Logical dates as people type them, on the days when clocks are put forward, back, or by a whole day."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orch.errors import UsageError
from orch.model import dates
from orch.model.triggers import Push, Schedule

BERLIN, NEW_YORK, LORD_HOWE, APIA = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"
ZONES = (BERLIN, NEW_YORK, LORD_HOWE, APIA, "UTC", "Asia/Kathmandu", "America/Havana", "America/Sao_Paulo", "Africa/Casablanca")


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("2026-03-28T02:30", BERLIN, "2026-03-28T02:30:00+01:00"),
        ("2026-03-28 02:30:15.25", BERLIN, "2026-03-28T02:30:15.250000+01:00"),
        ("2026-03-29T01:00:00Z", BERLIN, "2026-03-29T03:00:00+02:00"),
        ("2026-03-29t01:00:00z", "UTC", "2026-03-29T01:00:00+00:00"),
        ("2026-10-25T02:30:00+01:00", BERLIN, "2026-10-25T02:30:00+01:00"),
        ("2026-10-25T02:30:00+02:00", BERLIN, "2026-10-25T02:30:00+02:00"),
        ("2026-10-25T02:30:00-11:30", BERLIN, "2026-10-25T15:00:00+01:00"),
        ("2026-03-29T03:00", BERLIN, "2026-03-29T03:00:00+02:00"),
        ("2026-03-29T01:59:59.999999", BERLIN, "2026-03-29T01:59:59.999999+01:00"),
        ("2026-03-29", BERLIN, "2026-03-29T00:00:00+01:00"),
        ("2026-07-01", "UTC", "2026-07-01T00:00:00+00:00"),
        # Days without a midnight, and with two: their first moment.
        ("2017-10-15", "America/Sao_Paulo", "2017-10-15T01:00:00-02:00"),
        ("2026-11-01", "America/Havana", "2026-11-01T00:00:00-04:00"),
        ("2011-12-31", APIA, "2011-12-31T00:00:00+14:00"),
        ("2026-07-01T00:00+00:00", None, "2026-07-01T00:00:00+00:00"),
    ],
)
def test_a_moment_is_an_aware_one_in_the_schedules_zone(text: str, zone: str | None, moment: str) -> None:
    found = dates.parse(text, zone)

    assert found.isoformat() == moment
    assert found.tzinfo is (UTC if zone in (None, "UTC") else zoneinfo.ZoneInfo(str(zone)))


@pytest.mark.parametrize(
    ("text", "zone", "before", "after"),
    [
        ("2026-03-29T02:00", BERLIN, "2026-03-29T01:59:59+01:00", "2026-03-29T03:00:00+02:00"),
        ("2026-03-29T02:59:59.999999", BERLIN, "2026-03-29T01:59:59+01:00", "2026-03-29T03:00:00+02:00"),
        ("2026-03-08T02:30", NEW_YORK, "2026-03-08T01:59:59-05:00", "2026-03-08T03:00:00-04:00"),
        ("2026-10-04T02:15", LORD_HOWE, "2026-10-04T01:59:59+10:30", "2026-10-04T02:30:00+11:00"),
        ("2011-12-30T12:00", APIA, "2011-12-29T23:59:59-10:00", "2011-12-31T00:00:00+14:00"),
        ("2011-12-30", APIA, "2011-12-29T23:59:59-10:00", "2011-12-31T00:00:00+14:00"),
    ],
)
def test_a_time_that_clocks_skip_is_refused_with_the_two_nearest_that_exist(text: str, zone: str, before: str, after: str) -> None:
    with pytest.raises(UsageError, match=f"{text}.* in {zone}") as caught:
        dates.parse(text, zone)

    assert caught.value.hint.endswith(f"{before} and {after}")
    assert dates.parse(after, zone).timestamp() - dates.parse(before, zone).timestamp() == 1


@pytest.mark.parametrize(
    ("text", "zone", "first", "second"),
    [
        ("2026-10-25T02:00", BERLIN, "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"),
        ("2026-11-01T01:59:59", NEW_YORK, "2026-11-01T01:59:59-04:00", "2026-11-01T01:59:59-05:00"),
        ("2026-04-05T01:45", LORD_HOWE, "2026-04-05T01:45:00+11:00", "2026-04-05T01:45:00+10:30"),
    ],
)
def test_a_time_that_comes_twice_needs_its_offset_and_both_are_named(text: str, zone: str, first: str, second: str) -> None:
    with pytest.raises(UsageError, match=f"'{text}' comes twice in {zone}") as caught:
        dates.parse(text, zone)

    assert caught.value.hint == f"write {first} or {second}"
    assert dates.parse(first, zone).timestamp() < dates.parse(second, zone).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "20260329",
        "2026-W13-7",
        "2026-3-29",
        "2026-02-30",
        "2026-13-01",
        "2026-03-29T",
        "2026-03-29T2:30",
        "2026-03-29T24:00",
        "2026-03-29T23:59:60",
        "2026-03-29T02:30:00.1234567",
        "2026-03-29T02:30:00,5",
        "2026-03-29T02:30:00+24:00",
        "2026-03-29T02:30:00+0200",
        "2026-03-29Z",
        "2026-03-29 02:30 ",
        "2026-03-29\n",
        "٢٠٢٦-03-29",
        "0001-01-01T00:00+14:00",
        "9999-12-31T23:59:59-12:00",
    ],
)
def test_what_is_no_date_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        dates.parse(text, "UTC")

    assert caught.value.message.startswith(f"{text!r} is not a date or time")
    assert caught.value.hint == "write it as 2026-03-29, 2026-03-29T02:30 or 2026-03-29T02:30:00+02:00"


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "..", "/etc/passwd", "europe\\berlin", "Europe"])
def test_a_zone_that_this_machine_does_not_know_is_named_with_the_way_out(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        dates.parse("2026-03-29", name)

    assert caught.value.message == f"the time zone {name!r} is not known on this machine"
    assert "pip install tzdata" in caught.value.hint


def test_utc_is_known_where_there_is_no_time_zone_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoneinfo, "ZoneInfo", None)

    assert dates.parse("2026-03-29T02:30", "UTC") == datetime(2026, 3, 29, 2, 30, tzinfo=UTC)


def test_a_local_time_needs_an_offset_where_the_schedules_are_in_several_zones() -> None:
    with pytest.raises(UsageError, match="in several time zones") as caught:
        dates.parse("2026-03-29", None)

    assert caught.value.hint == "write its offset, as in 2026-03-29T00:00+01:00"


@pytest.mark.parametrize(
    ("triggers", "zone"),
    [
        ((), "UTC"),
        ((Push(),), "UTC"),
        ((Schedule("0 2 * * *", BERLIN), Push()), BERLIN),
        ((Schedule("0 2 * * *", BERLIN), Schedule("0 4 * * *", BERLIN)), BERLIN),
        ((Schedule("0 2 * * *", BERLIN), Schedule("0 4 * * *")), None),
    ],
)
def test_the_zone_is_the_schedules(triggers: tuple[object, ...], zone: str | None) -> None:
    assert dates.zone_of(triggers) == zone


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        (None, "2026-01-02T03:04:05.123000+00:00"),
        (BERLIN, "2026-01-02T04:04:05.123000+01:00"),
        ("Mars/Olympus", "2026-01-02T03:04:05.123000+00:00"),
    ],
)
def test_a_run_that_was_given_no_date_is_for_its_start(zone: str | None, written: str) -> None:
    assert dates.at(1767323045.1234, zone).isoformat() == written


moments = st.datetimes(datetime(1970, 1, 3), datetime(2037, 12, 29), timezones=st.just(UTC))  # noqa: DTZ001 (hypothesis takes naive bounds)


# Compared in UTC: of two datetimes in one zone Python compares what their clocks show, whichever of a doubled hour they mean.
@given(moments, st.sampled_from(ZONES))
def test_every_moment_is_read_back_from_how_it_is_written(moment: datetime, zone: str) -> None:
    written = moment.astimezone(dates.zone(zone)).isoformat()

    for found in (dates.parse(written, zone), dates.read(written, zone)):
        assert found.isoformat() == written
        assert found.astimezone(UTC) == moment


@given(moments, st.sampled_from(ZONES))
def test_a_local_time_is_the_moment_whose_clock_shows_it_or_it_comes_twice(moment: datetime, zone: str) -> None:
    there = moment.astimezone(dates.zone(zone))
    shown = there.replace(tzinfo=None, fold=0).isoformat()
    hint = ""
    try:
        assert dates.parse(shown, zone).astimezone(UTC) == moment
    except UsageError as error:
        hint = error.hint
    assert not hint or there.isoformat() in hint.removeprefix("write ").split(" or ")


@given(st.datetimes(datetime(1970, 1, 3), datetime(2037, 12, 29)), st.sampled_from(ZONES))  # noqa: DTZ001 (a clock's face)
def test_no_local_time_is_moved_silently(local: datetime, zone: str) -> None:
    try:
        found = dates.parse(local.isoformat(), zone)
    except UsageError:
        assume(False)
    assert found.replace(tzinfo=None, fold=0) == local
