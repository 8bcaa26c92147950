from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from support.steps import a_graph

from orch.model.canonical import Json
from orch.model.triggers import Schedule
from orch.runtime.api import Api
from orch.runtime.here import Here
from orch.runtime.missed import find_missed, missed_moments, told
from orch.runtime.newest_runs import NewestRuns

BERLIN = "Europe/Berlin"
NIGHTLY = a_graph(triggers=[Schedule("30 2 * * *", BERLIN)])
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("made", "missed"),
    [
        (["2026-11-20T01:35:00Z"], []),
        (["2026-11-20T13:00:00Z"], []),  # late by half a day
        (["2026-11-18T01:40:00Z"], ["2026-11-20T01:30:00Z", "2026-11-19T01:30:00Z"]),
        (["2026-11-18T01:40:00Z", "2026-11-20T03:00:00Z"], []),  # only what came after the last one
        ([], []),
    ],
)
def test_moments_since_the_last_run_without_one_are_missed(made: list[str], missed: list[str]) -> None:
    assert missed_moments(NIGHTLY, map(at, made), at("2026-11-21T02:30:00+01:00"), LONG_AGO) == list(map(at, missed))


def test_moments_from_before_the_schedule_was_written_are_not_missed() -> None:
    since = at("2026-11-19T12:00:00Z")

    assert missed_moments(NIGHTLY, [at("2026-11-01T01:40:00Z")], at("2026-11-21T02:30:00+01:00"), since) == [at("2026-11-20T01:30:00Z")]


def test_a_scattered_schedule_is_told_as_it_was_written() -> None:
    graph = a_graph(triggers=[Schedule("0 2 * * *")], pipeline="churn")  # at 2:37 on GitHub

    assert missed_moments(graph, [at("2026-11-19T02:40:00Z")], at("2026-11-21T02:00:00Z"), LONG_AGO) == [at("2026-11-20T02:00:00Z")]
    assert missed_moments(graph, [at("2026-11-20T02:36:00Z")], at("2026-11-21T02:00:00Z"), LONG_AGO) == [at("2026-11-20T02:00:00Z")]


def test_those_of_several_schedules_are_told_together() -> None:
    graph = a_graph(triggers=[Schedule("30 2 * * *"), Schedule("45 14 * * *")])

    missed = missed_moments(graph, [at("2026-11-20T02:31:00Z")], at("2026-11-21T14:45:00Z"), LONG_AGO)

    assert missed == [at("2026-11-21T02:30:00Z"), at("2026-11-20T14:45:00Z")]


class GitHub(Api):
    def __init__(self, runs: Json, changed: str = "2026-01-01T00:00:00Z") -> None:
        self.answers = {"actions/workflows/p.yml/runs": {"workflow_runs": runs}, "commits": [{"commit": {"committer": {"date": changed}}}]}
        self.asked: list[str] = []

    def get(self, path: str, *_: object, needs: str) -> Json:
        self.asked.append(f"{path} ({needs})")
        return self.answers[path]


def a_run(number: int, created_at: str, event: str = "schedule") -> Json:
    return {"id": number, "event": event, "created_at": created_at}


JOB = {"GITHUB_EVENT_NAME": "schedule", "GITHUB_RUN_ID": "9", "GITHUB_RUN_ATTEMPT": "1"}
NOW = at("2026-11-21T05:00:00Z").timestamp()
DATE = "2026-11-21T02:30:00+01:00"


def find(github: GitHub, **job: str) -> list[datetime]:
    return find_missed(NIGHTLY, JOB | job, lambda: github, DATE, NOW)


def test_github_is_asked_once_where_nothing_is_missed() -> None:
    github = GitHub([a_run(9, "2026-11-21T05:00:00Z"), a_run(8, "2026-11-20T01:40:00Z"), a_run(7, "2026-11-20T20:00:00Z", "push")])

    assert find(github) == []
    assert github.asked == ["actions/workflows/p.yml/runs (actions: read)"]


class Listed(NewestRuns):
    def __init__(self, runs: Json, workflow: str = ".github/workflows/p.yml") -> None:
        super().__init__(lambda: GitHub(runs), Here("acme/churn", workflow, "9", 1, ("main",)))


OTHERS = [a_run(100 + number, "2026-11-21T04:00:00Z", "push") for number in range(100)]


@pytest.mark.parametrize(
    ("newest", "requests"),
    [
        (Listed([a_run(9, "2026-11-21T05:00:00Z"), a_run(8, "2026-11-20T01:40:00Z")]), 0),
        (Listed([a_run(9, "2026-11-21T05:00:00Z")]), 0),
        (Listed([*OTHERS[:99], a_run(8, "2026-11-20T01:40:00Z")]), 0),
        (Listed(OTHERS), 1),
        (Listed([a_run(8, "2026-11-20T01:40:00Z")], ".github/workflows/caller.yml"), 1),
    ],
    ids=["has the last one", "has all", "has the last one behind many", "has none of many", "is of another workflow"],
)
def test_a_list_that_is_there_anyhow_is_enough_if_it_has_the_last_scheduled_run(newest: Listed, requests: int) -> None:
    github = GitHub([a_run(8, "2026-11-20T01:40:00Z")])

    assert find_missed(NIGHTLY, JOB, lambda: github, DATE, NOW, newest) == []
    assert len(github.asked) == requests


def test_what_is_missed_counts_from_the_last_change_of_the_workflow_on() -> None:
    runs = [a_run(9, "2026-11-21T05:00:00Z"), a_run(8, "2026-11-17T01:40:00Z")]

    assert find(GitHub(runs)) == [at(f"2026-11-{day}T01:30:00Z") for day in (20, 19, 18)]
    assert find(GitHub(runs, "2026-11-19T12:00:00Z")) == [at("2026-11-20T01:30:00Z")]
    assert find(GitHub(runs)) == find(GitHub([*reversed(runs)]))


def test_a_run_by_hand_finds_them_too_but_for_those_that_may_still_come() -> None:
    github = GitHub([a_run(8, "2026-11-19T01:40:00Z")])
    by_hand = JOB | {"GITHUB_EVENT_NAME": "workflow_dispatch"}

    assert find_missed(NIGHTLY, by_hand, lambda: github, "", at("2026-11-20T20:00:00Z").timestamp()) == []
    assert find_missed(NIGHTLY, by_hand, lambda: github, "", NOW) == [at("2026-11-20T01:30:00Z")]


@pytest.mark.parametrize("job", [{"GITHUB_RUN_ATTEMPT": "2"}, {"GITHUB_EVENT_NAME": "pull_request"}])
def test_other_runs_do_not_ask(job: dict[str, str]) -> None:
    github = GitHub([])

    assert find(github, **job) == []
    assert github.asked == []


@pytest.mark.parametrize("runs", [None, "x", [None], [{"event": "schedule"}], [a_run(1, "yesterday")]])
def test_an_answer_of_another_form_finds_nothing(runs: Any) -> None:
    assert find(GitHub(runs)) == []


def test_one_line_says_which_and_how_to_make_up_for_them() -> None:
    said = told(NIGHTLY, [at(f"2026-11-{day}T01:30:00Z") for day in range(20, 13, -1)])

    assert said.startswith("7 scheduled runs of p did not start: 2026-11-20T02:30+01:00, 2026-11-19T02:30+01:00, ")
    assert ", and 2 before. GitHub drops some" in said
    assert said.endswith("`gh workflow run p.yml -f logical_date=2026-11-20T02:30+01:00` makes up for the last.")
    assert told(NIGHTLY, [at("2026-11-20T01:30:00Z")]).startswith("1 scheduled run of p did not start: 2026-11-20T02:30+01:00. ")
