from __future__ import annotations

from typing import Any

import pytest

from orch.model.graph import Graph, Output, OutputRef, Step
from orch.model.records import Failure, StepRecord
from orch.model.runs import RunInfo, RunRecord
from orch.model.settings import ExecutionMode
from orch.model.states import State
from orch.runtime.modes import JobName, first_failed
from orch.runtime.result import fold_run

STEPS = {"load", "train", "deploy"}


def job(name: str, conclusion: str | None = None, ended: str = "", **more: Any) -> dict[str, Any]:
    return {"name": name, "conclusion": conclusion, "status": "completed" if conclusion else "in_progress", "completed_at": ended, **more}


def found(*jobs: dict[str, Any]) -> str | None:
    return first_failed([*jobs, job("deploy", runner_name="mine")], STEPS, "deploy", "mine")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("train", ("", "train")),
        ("nightly / train", ("nightly", "train")),
        ("a / b / train (3)", ("a / b", "train")),
        ("train (1, x)", ("", "train")),
    ],
)
def test_a_job_is_known_by_its_name(name: str, parts: tuple[str, str]) -> None:
    assert JobName.of(name) == parts


def test_the_job_that_failed_first_is_the_reason() -> None:
    assert found(job("load", "failure", "2026-11-21T10:00:05Z"), job("train", "failure", "2026-11-21T10:00:01Z")) == "train"
    assert found(job("load (3)", "timed_out", "2026-11-21T10:00:05Z")) == "load"


def test_a_job_whose_step_has_failed_need_not_have_ended() -> None:
    steps = [{"name": "Run", "conclusion": "failure"}]

    assert found(job("train", steps=steps)) == "train"
    assert found(job("train", steps=steps), job("load", "failure", "2026-11-21T10:00:05Z")) == "load"


@pytest.mark.parametrize("conclusion", ["success", "cancelled", "skipped", "neutral", None])
def test_only_a_failure_is_one(conclusion: str | None) -> None:
    assert found(job("load", conclusion)) is None


def test_jobs_that_are_no_steps_of_this_pipeline_do_not_count() -> None:
    assert found(job("lint", "failure"), job("churn / result", "failure")) is None


def test_a_run_that_calls_the_pipeline_twice_keeps_them_apart() -> None:
    jobs = [job("blue / load", "failure"), job("green / deploy", runner_name="mine"), job("blue / deploy", runner_name="other")]

    assert first_failed(jobs, STEPS, "deploy", "mine") is None
    assert first_failed(jobs, STEPS, "deploy", "other") == "load"
    assert first_failed(jobs, STEPS, "deploy", "unknown") == "load"  # in doubt nothing starts


# --- what the result job says ---


def graph_of(mode: ExecutionMode) -> Graph:
    def step(name: str, *reads: str) -> Step:
        return Step(name, f"p.py:{name}", tuple((f"x{i}", OutputRef(read, "output")) for i, read in enumerate(reads)), (Output("output"),))

    steps = (step("breaks"), step("below", "breaks"), step("deeper", "below"), step("beside"), step("under", "beside"))
    return Graph("p", "p.py:p", steps, execution_mode=mode)


BROKEN = StepRecord("breaks", State.FAILED, started="2026-11-21T10:00:00.000Z", duration=1.0, failure=Failure("exception", "no"))
STOPPED = StepRecord("beside", State.CANCELLED, started="2026-11-21T10:00:00.000Z", duration=2.0, reason="interrupted")
RESULTS = {"breaks": "failure", "below": "skipped", "deeper": "skipped", "beside": "cancelled", "under": "cancelled"}


def folded(mode: ExecutionMode, *records: StepRecord, **results: str) -> RunRecord:
    return fold_run(RunInfo("7", "p", "github"), graph_of(mode), records, RESULTS | results, ended=1763719200.0)


def told(record: RunRecord) -> dict[str, tuple[str, str]]:
    return {step.step: (str(step.state), step.reason) for step in record.steps}


def test_what_a_failure_cancelled_is_told_as_on_one_machine() -> None:
    record = folded(ExecutionMode.FAIL_FAST, BROKEN, STOPPED)

    why = "because breaks failed and the execution mode is fail_fast"
    assert record.state is State.FAILED
    assert told(record) == {
        "breaks": ("failed", ""),
        "below": ("skipped", "breaks failed"),
        "deeper": ("skipped", "below skipped"),
        "beside": ("cancelled", f"stopped, {why}"),
        "under": ("skipped", f"not started, {why}"),
    }


def test_a_job_that_was_cancelled_before_its_step_started_was_not_started() -> None:
    assert told(folded(ExecutionMode.FAIL_FAST, BROKEN))["beside"][0] == "skipped"


def test_a_person_who_cancels_is_not_the_mode() -> None:
    done = StepRecord("breaks", State.CANCELLED, started="2026-11-21T10:00:00.000Z", reason="interrupted")

    for mode, record in ((ExecutionMode.FAIL_FAST, done), (ExecutionMode.CONTINUE_ON_FAILURE, BROKEN)):
        assert told(folded(mode, record, STOPPED, breaks="cancelled"))["beside"] == ("cancelled", "interrupted")


def test_a_step_that_was_not_started_in_an_earlier_attempt_still_was_not() -> None:
    """Its job has failed, so that it runs again with the failed ones; where only another one was run again, it stands as it was."""
    waiting = StepRecord("beside", State.SKIPPED, 1, reason="not started, because breaks failed and the execution mode is stop_on_failure")
    info = RunInfo("7", "p", "github", attempt=2)

    record = fold_run(info, graph_of(ExecutionMode.STOP_ON_FAILURE), [BROKEN, waiting], RESULTS | {"beside": "failure"}, ended=1.0)

    assert told(record)["beside"] == ("skipped", waiting.reason)
