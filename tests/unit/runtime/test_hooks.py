"""Which hook runs after which end of a step, and what its record says."""

from __future__ import annotations

import pytest
from support.runs import ended
from support.steps import a_step

from orch.model.records import Failure, StepRecord
from orch.model.settings import StepSettings
from orch.model.states import State
from orch.runtime.hooks import TIMEOUT, hook_failure, hook_task

WHY = Failure("exception", "no such column", "ValueError")
STEP = a_step(
    "train",
    settings=StepSettings(on_failure="p.py:failed", on_success="p.py:done", secrets=("TOKEN",), environment=(("MODE", "x"),), timeout=7),
)


@pytest.mark.parametrize(
    ("record", "hook", "failure"),
    [
        (ended("train"), "p.py:done", None),
        (ended("train", State.FAILED, failure=WHY), "p.py:failed", WHY.to_json()),
        (ended("train", State.FAILED), "p.py:failed", {"cause": "exit", "message": "the step failed"}),
    ],
)
def test_a_hook_runs_as_its_step_did_with_a_limit_of_its_own(record: StepRecord, hook: str, failure: object) -> None:
    task = hook_task(STEP, record)

    assert task is not None
    assert (task.order.hook, task.order.failure, task.step, task.what) == (hook, failure, "train", "hook")
    assert (task.environment, task.secrets, task.timeout) == ({"MODE": "x"}, ("TOKEN",), TIMEOUT)


@pytest.mark.parametrize("state", [State.CACHED, State.SKIPPED, State.CANCELLED])
def test_a_step_that_did_neither_succeed_nor_fail_calls_no_hook(state: State) -> None:
    assert hook_task(STEP, ended("train", state)) is None


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED])
def test_a_step_without_hooks_calls_none(state: State) -> None:
    assert hook_task(a_step("train"), ended("train", state)) is None


@pytest.mark.parametrize(
    ("record", "failure"),
    [
        (ended("train"), None),
        (ended("train", State.FAILED, failure=WHY), WHY),
        (ended("train", State.CANCELLED), Failure("interrupted", "the hook was interrupted before it had ended")),
    ],
)
def test_a_hooks_record_is_why_it_failed_or_nothing(record: StepRecord, failure: Failure | None) -> None:
    assert hook_failure(record) == failure
