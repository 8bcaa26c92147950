"""What is believed of mapped steps: their legs' records, GitHub's one word for all jobs of a matrix, and how many legs there should be."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from orch.model.artifacts import Artifact
from orch.model.bindings import OutputRef, Value
from orch.model.fans import Fan
from orch.model.graph import Graph, Output, Step
from orch.model.records import Failure, StepRecord
from orch.model.runs import RunInfo, RunRecord
from orch.model.states import State
from orch.runtime.leg_results import counts, is_name
from orch.runtime.result import fold_run

OUTPUTS = (Output("output"),)
LOAD = Step("load", "p.py:load", outputs=OUTPUTS)
TRAIN = Step("train", "p.py:train", (("x", OutputRef("load", "output")),), OUTPUTS, fan=Fan(("x",)))
REPORT = Step("report", "p.py:report", (("xs", OutputRef("train", "output")),), OUTPUTS)
GRAPH = Graph("p", "p.py:p", (LOAD, TRAIN, REPORT))
MADE = {"output": Artifact("sha256:" + "0" * 64, 1, "json")}


def done(step: str, state: State = State.SUCCEEDED, attempt: int = 1) -> StepRecord:
    failure = Failure("exception", "no") if state is State.FAILED else None
    return StepRecord(step, state, attempt, outputs=MADE if state.has_outputs else {}, failure=failure)


def folded(*records: StepRecord, legs: int | None, attempt: int = 1, **results: str) -> RunRecord:
    info = RunInfo("7", "p", "github", attempt=attempt)
    told = {} if legs is None else {"train": legs}
    return fold_run(info, GRAPH, [done("load"), *records], {"load": "success"} | results, ended=0.0, legs=told)


def states(record: RunRecord) -> dict[str, str]:
    return {step.step: str(step.state) for step in record.steps}


def test_a_mapped_step_is_the_fold_of_its_legs_which_stand_behind_it_in_order() -> None:
    legs = [done(f"train.{index}") for index in (10, 2, 0, 1, *range(3, 10))]
    record = folded(*legs, done("report"), legs=11, train="success", report="success")

    assert list(states(record)) == ["load", "train", *(f"train.{index}" for index in range(11)), "report"]
    assert record.state is State.SUCCEEDED
    assert record.steps[1].outputs["output"].length == 11


def test_a_leg_that_did_not_report_is_a_failed_one_whoever_else_did() -> None:
    record = folded(done("train.0"), legs=2, train="success", report="skipped")

    assert states(record) == {"load": "succeeded", "train": "failed", "train.0": "succeeded", "train.1": "failed", "report": "skipped"}
    assert record.steps[3].failure == Failure("exit", "the leg's record is missing: re-run all jobs")


def test_a_skipped_matrix_without_items_is_an_empty_list() -> None:
    record = folded(done("report"), legs=0, train="skipped", report="success")

    assert states(record) == {"load": "succeeded", "train": "succeeded", "report": "succeeded"}
    assert record.steps[1].outputs["output"].length == 0


@pytest.mark.parametrize("legs", [None, 2])
def test_a_skipped_matrix_with_items_is_a_step_that_did_not_start(legs: int | None) -> None:
    record = folded(legs=legs, train="skipped", report="skipped")

    assert (states(record)["train"], states(record)["report"]) == ("cancelled", "skipped")


def test_legs_that_were_cancelled_say_so() -> None:
    assert states(folded(done("train.0"), legs=2, train="cancelled", report="skipped"))["train.1"] == "cancelled"


def test_legs_of_an_earlier_attempt_stand_beside_those_that_ran_again() -> None:
    before = [done("train.0"), done("train.1", State.FAILED)]
    again = folded(*before, done("train.1", attempt=2), legs=2, attempt=2, train="success", report="success")
    still = folded(*before, done("train.1", State.FAILED, 2), legs=2, attempt=2, train="failure", report="skipped")

    assert (states(again)["train"], states(again)["train.1"]) == ("succeeded", "succeeded")
    assert (states(still)["train.0"], states(still)["train.1"], states(still)["train"]) == ("succeeded", "failed", "failed")


def test_a_matrix_that_failed_though_every_leg_succeeded_has_failed() -> None:
    train = folded(done("train.0"), legs=1, train="failure", report="skipped").steps[1]

    assert train.state is State.FAILED
    assert train.failure is not None
    assert "every leg succeeded, then a job of theirs ended as 'failure'" in train.failure.message


def test_how_many_there_should_be_is_told_by_the_jobs_that_counted() -> None:
    said = json.dumps({"train": {"items": 3, "sizes": [3], "jobs": "[0,1,2]"}})

    assert counts(GRAPH, {"load": {"result": "success", "outputs": {"legs": said}}, "report": {"result": "skipped"}}) == {"train": 3}
    assert counts(GRAPH, {"load": {"outputs": {"legs": "{"}}}) == {}
    assert counts(GRAPH, {}) == {}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("train", True), ("train.0", True), ("train.12", True), ("load", True)]
    + [(name, False) for name in ("load.0", "train.01", "train.", "train.x", "../train.0", "train.0/x", "nobody", "nobody.1")],
)
def test_only_names_of_steps_and_legs_become_parts_of_paths(name: str, *, expected: bool) -> None:
    assert is_name(GRAPH, name) is expected


def test_what_the_plan_job_kept_from_starting_is_as_it_says() -> None:
    skipped = StepRecord("train", State.SKIPPED, reason="no path of it has changed")
    record = folded(skipped, replace(skipped, step="report"), legs=0, train="skipped", report="skipped")

    assert record.steps[1].reason == "no path of it has changed"


CACHED = [done("train", State.CACHED), done("train.0", State.CACHED), done("train.1", State.CACHED)]


def test_a_step_that_the_plan_took_from_earlier_runs_has_its_legs_beside_it() -> None:
    record = folded(*CACHED, done("report"), legs=2, train="skipped", report="success")

    assert states(record) == {"load": "succeeded", "train": "cached", "train.0": "cached", "train.1": "cached", "report": "succeeded"}


def test_legs_that_the_plan_took_stand_beside_those_that_ran() -> None:
    record = folded(done("train.0", State.CACHED), done("train.1"), done("report"), legs=2, train="success", report="success")

    assert states(record)["train"] == "succeeded"
    assert record.steps[1].reason == "1 of 2 legs are cached"


@pytest.mark.parametrize("told", [CACHED, CACHED[1:2]])
def test_below_a_failure_nothing_is_left_of_what_the_plan_took(told: list[StepRecord]) -> None:
    graph = replace(GRAPH, steps=(LOAD, replace(TRAIN, inputs=(("x", Value([1, 2])),), after=("load",)), REPORT))
    results = {"load": "failure", "train": "skipped", "report": "skipped"}
    record = fold_run(RunInfo("7", "p", "github"), graph, [done("load", State.FAILED), *told], results, ended=0.0, legs={"train": 2})

    assert states(record) == {"load": "failed", "train": "skipped", "report": "skipped"}
