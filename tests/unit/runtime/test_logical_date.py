from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from support.steps import a_graph

from orch.errors import RemoteError, UsageError
from orch.model.canonical import Json
from orch.model.graph import Graph
from orch.model.parameters import Kind, Parameter, ParameterType
from orch.model.triggers import Schedule
from orch.runtime.api import Api
from orch.runtime.here import Here
from orch.runtime.logical_date import logical_date_of, moment_for
from orch.runtime.newest_runs import NewestRuns

BERLIN = "Europe/Berlin"
NIGHTLY = a_graph(triggers=[Schedule("30 2 * * *", BERLIN)])


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def silent() -> Api:
    raise RemoteError("GitHub answered 503", hint="")


def run_of(created_at: Json) -> Callable[[], Api]:
    class Run(Api):
        def __init__(self) -> None:
            pass

        def get(self, path: str, *_: object, needs: str) -> Json:
            assert (path, needs) == ("actions/runs/7", "actions: read")
            return {"id": 7} if created_at is None else {"id": 7, "created_at": created_at}

    return Run


@pytest.mark.parametrize(
    ("started", "moment"),
    [
        ("2026-11-21T01:31:00+00:00", "2026-11-21T02:30:00+01:00"),
        ("2026-11-21T13:00:00+00:00", "2026-11-21T02:30:00+01:00"),  # GitHub is late, by half a day
        ("2026-03-29T01:02:00+00:00", "2026-03-29T03:00:00+02:00"),  # there is no 2:30 on that day
        ("2026-10-25T01:31:00+00:00", "2026-10-25T02:30:00+02:00"),  # and two on this
    ],
)
def test_a_scheduled_run_is_for_the_moment_of_its_schedule_however_late_it_starts(started: str, moment: str) -> None:
    assert moment_for(NIGHTLY, "30 2 * * *", seconds(started)).isoformat() == moment


def test_the_moment_is_the_one_that_was_written_and_not_the_scattered_one() -> None:
    graph = a_graph(triggers=[Schedule("0 2 * * *")], pipeline="churn")

    assert moment_for(graph, "37 2 * * *", seconds("2026-11-21T02:40:00+00:00")).isoformat() == "2026-11-21T02:00:00+00:00"
    assert moment_for(graph, "37 2 * * *", seconds("2026-11-21T02:36:00+00:00")).isoformat() == "2026-11-20T02:00:00+00:00"


def test_of_several_schedules_it_is_the_one_that_fired_in_utc_where_their_zones_differ() -> None:
    graph = a_graph(triggers=[Schedule("5 3 * * *"), Schedule("30 2 * * *", BERLIN)])

    assert moment_for(graph, "30 2 * * *", seconds("2026-11-21T05:00:00+00:00")).isoformat() == "2026-11-21T01:30:00+00:00"
    assert moment_for(graph, "5 3 * * *", seconds("2026-11-21T05:00:00+00:00")).isoformat() == "2026-11-21T03:05:00+00:00"


@pytest.mark.parametrize("fired", ["", "1 1 * * *"])
def test_any_other_run_is_for_its_start(fired: str) -> None:
    """Also one of a workflow that calls this one, whose schedule is its own."""
    assert moment_for(NIGHTLY, fired, seconds("2026-11-21T13:00:00.123+00:00")).isoformat() == "2026-11-21T14:00:00.123000+01:00"


def a_job(tmp_path: Path, attempt: int = 1, **inputs: Json) -> dict[str, str]:
    (tmp_path / "event.json").write_text(json.dumps({"schedule": "30 2 * * *"}))
    return {
        "GITHUB_EVENT_NAME": "schedule",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_RUN_ID": "7",
        "GITHUB_RUN_ATTEMPT": str(attempt),
        "ORCH_INPUTS": json.dumps(inputs),
    }


@pytest.mark.parametrize("attempt", [1, 2])
def test_every_attempt_is_for_the_moment_before_the_run_was_made(tmp_path: Path, attempt: int) -> None:
    now = seconds("2026-12-24T12:00:00+00:00")

    date = logical_date_of(NIGHTLY, a_job(tmp_path, attempt), run_of("2026-11-21T04:00:00Z"), now=lambda: now)

    assert date == ("2026-11-21T02:30:00+01:00", None)


class Listed(NewestRuns):
    def __init__(self, *runs: Json) -> None:
        super().__init__(silent, Here("acme/churn", ".github/workflows/p.yml", "7", 2, ()))
        self.runs = list(runs)

    def all(self) -> list[Json]:
        return self.runs


def test_of_a_run_that_is_listed_nothing_else_is_asked(tmp_path: Path) -> None:
    date = ("2026-11-21T02:30:00+01:00", None)
    made = "2026-11-21T04:00:00Z"

    assert logical_date_of(NIGHTLY, a_job(tmp_path, 2), silent, Listed({"id": 8}, {"id": 7, "created_at": made})) == date
    assert logical_date_of(NIGHTLY, a_job(tmp_path, 2), run_of(made), Listed({"id": 8})) == date


@pytest.mark.parametrize("api", [silent, run_of(None), run_of("yesterday")])
def test_where_github_does_not_say_when_a_run_was_made_only_the_first_attempt_takes_the_clock(
    tmp_path: Path, api: Callable[[], Api]
) -> None:
    now = seconds("2026-11-21T04:00:00+00:00")

    assert logical_date_of(NIGHTLY, a_job(tmp_path), api, now=lambda: now) == ("2026-11-21T02:30:00+01:00", None)
    text, problem = logical_date_of(NIGHTLY, a_job(tmp_path, 2), api, now=lambda: now)
    assert text == ""
    assert problem is not None
    assert problem.message.startswith("the moment that this run is for is not known: GitHub did not say when its first attempt began (")


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2026-03-30", "2026-03-30T00:00:00+02:00"),
        ("2026-03-30T04:05", "2026-03-30T04:05:00+02:00"),
        ("2026-03-30T04:05Z", "2026-03-30T06:05:00+02:00"),
    ],
)
def test_a_moment_that_somebody_gives_is_taken_and_nobody_is_asked(tmp_path: Path, given: str, moment: str) -> None:
    assert logical_date_of(NIGHTLY, a_job(tmp_path, logical_date=given), silent) == (moment, None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("yesterday", "'yesterday' is not a date or time"),
        (5, "logical_date is 5, expected a text"),
        ("2026-03-29T02:30", "'2026-03-29T02:30' does not exist"),
    ],
)
def test_a_given_moment_that_is_none_ends_the_run(tmp_path: Path, given: Json, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        logical_date_of(NIGHTLY, a_job(tmp_path, logical_date=given), silent)

    assert caught.value.message.startswith(message)


def test_a_parameter_of_that_name_is_the_pipelines_own(tmp_path: Path) -> None:
    own = Parameter("logical_date", ParameterType(Kind.STR, text="str"), default="")
    graph: Graph = a_graph(parameters=[own], triggers=[Schedule("30 2 * * *", BERLIN)])

    date, _ = logical_date_of(graph, a_job(tmp_path, logical_date="whatever"), run_of("2026-11-21T04:00:00Z"))

    assert date == "2026-11-21T02:30:00+01:00"
