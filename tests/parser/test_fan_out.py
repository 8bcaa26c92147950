"""What the conditions and matrices of mapped steps come to, by GitHub's own expressions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from support.github_model import GitHub, Story
from support.github_parser import GitHubParser
from support.modules import graph_of

from orch.model.bindings import OutputRef
from orch.model.fans import Fan
from orch.model.matrix import deal
from orch.model.states import State
from orch.model.steps import Step
from orch.stacks.settings import Settings

ROOT: Final = Path(__file__).parents[2]
MAPPED: Final = Step("train", "p.py:train", (("x", OutputRef("load", "output")),), fan=Fan(("x",)))
JOBS: Final = yaml.safe_load((ROOT / "tests" / "golden" / "mapped" / "workflow.yml").read_bytes())["jobs"]


def told(**counts: int) -> str:
    """The output `legs` of a job."""
    return json.dumps({step: deal(MAPPED, [count]) for step, count in counts.items()})


def starts(parser: GitHubParser, job: str, needs: dict[str, Any]) -> bool:
    condition = JOBS[job]["if"].removeprefix("${{ ").removesuffix(" }}")
    has_failed = any(each["result"] == "failure" for each in needs.values())
    found: bool = parser.evaluate(condition, {"needs": needs}, cancelled=False, failure=has_failed)
    return found


def need(result: str, legs: str = "") -> dict[str, Any]:
    return {"result": result, "outputs": {"legs": legs} if legs else {}}


@pytest.mark.parametrize(
    ("load", "legs", "expected"), [("success", told(train=2), True), ("success", told(train=0), False), ("skipped", "", False)]
)
def test_a_mapped_step_starts_where_there_is_something_to_map_over(
    github_parser: GitHubParser, load: str, legs: str, *, expected: bool
) -> None:
    assert starts(github_parser, "train", {"load": need(load, legs)}) is expected


@pytest.mark.parametrize(
    ("score", "load", "legs", "expected"),
    [
        ("success", "success", told(score=2), True),
        ("skipped", "success", told(score=0), True),  # nothing to map over: an empty list
        ("skipped", "success", told(score=2), False),  # something before it was skipped
        ("failure", "success", told(score=2), False),
        ("cancelled", "success", told(score=2), False),
        ("skipped", "skipped", "", False),  # nobody has counted
        ("skipped", "success", "{}", False),
    ],
)
def test_who_reads_a_list_takes_a_skipped_matrix_for_an_empty_one_only_where_it_is(
    github_parser: GitHubParser, score: str, load: str, legs: str, *, expected: bool
) -> None:
    assert starts(github_parser, "report", {"score": need(score), "load": need(load, legs)}) is expected


@pytest.mark.parametrize(("train", "count", "expected"), [("success", 3, True), ("skipped", 0, False), ("failure", 3, False)])
def test_a_map_over_a_map_starts_leg_by_leg_or_not_at_all(github_parser: GitHubParser, train: str, count: int, *, expected: bool) -> None:
    needs = {"train": need(train), "load": need("success", told(train=count, score=count))}

    assert starts(github_parser, "score", needs) is expected


def test_the_matrix_is_the_list_of_indices_that_was_told(github_parser: GitHubParser) -> None:
    matrix = JOBS["train"]["strategy"]["matrix"]["leg"].removeprefix("${{ ").removesuffix(" }}")

    assert github_parser.evaluate(matrix, {"needs": {"load": need("success", told(train=3))}}) == [0, 1, 2]
    assert JOBS["written"]["strategy"] == {"fail-fast": False, "max-parallel": 4, "matrix": {"leg": [0, 1, 2]}}


@pytest.mark.parametrize(("count", "minutes"), [(0, 15), (256, 15), (257, 360), (1000, 360)])
def test_a_job_of_several_legs_may_take_what_a_job_may_take(github_parser: GitHubParser, count: int, minutes: int) -> None:
    limit = JOBS["train"]["timeout-minutes"].removeprefix("${{ ").removesuffix(" }}")

    assert github_parser.evaluate(limit, {"needs": {"load": need("success", told(train=count))}}) == minutes
    assert JOBS["written"]["timeout-minutes"] == 15


def test_a_job_that_counts_waits_for_all_that_it_counts(github_parser: GitHubParser) -> None:
    assert starts(github_parser, "crossed-legs", {"load": need("success"), "folds": need("success")})
    assert not starts(github_parser, "crossed-legs", {"load": need("success"), "folds": need("skipped")})
    assert "if" not in JOBS["rated-legs"]


def test_a_step_with_nothing_to_map_over_in_the_graph_has_no_job() -> None:
    assert "never" not in JOBS
    assert JOBS["report_4"]["needs"] == ["written"]
    assert JOBS["orch-result"]["needs"] == [name for name in JOBS if name != "orch-result"]


@pytest.mark.parametrize("calls", ["work.map(c, y=unmapped(a), after=b); last(after=w)", "work.map(c, y=unmapped(b)); last(after=[b, w])"])
def test_below_a_cancelled_step_nothing_runs_by_way_of_a_map_over_nothing(tmp_path: Path, github_parser: GitHubParser, calls: str) -> None:
    """`failure()` does not tell of it, and the job of the map is skipped either way."""
    graph = graph_of(
        tmp_path,
        f"""
        @step
        def one() -> int: return 1

        @step
        def many() -> list[int]: return []

        @step
        def work(i: int, y: int) -> int: return i

        @step
        def last() -> int: return 1

        @pipeline
        def p():
            a = one()
            b = one(id="b", after=a)
            c = many()
            w = {calls}
        """,
    )
    story = Story(graph, ends={"one": State.CANCELLED}, lengths={"many.output": 0})

    for cache in ("off", "job", "plan"):
        record = GitHub(github_parser, story, Settings(cache=cache)).run()

        assert {step.step: str(step.state) for step in record.steps} == {
            "one": "cancelled",
            "b": "skipped",
            "many": "succeeded",
            "work": "skipped",
            "last": "skipped",
        }
