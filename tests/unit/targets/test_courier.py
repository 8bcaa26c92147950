"""What the way a container ended adds to what its step said; and that a success needs both."""

from __future__ import annotations

import pytest

from orch.model.docker import DockerSettings
from orch.model.records import Failure, StepRecord
from orch.model.resources import ResourceSettings
from orch.model.states import State
from orch.targets.contract import Ended, Spec
from orch.targets.courier import why

SPEC = Spec("sha256:1", "python:3.12", DockerSettings(), ResourceSettings(memory="64MiB"))
GOOD = StepRecord("a", State.SUCCEEDED)
KILLED = StepRecord("a", State.FAILED, failure=Failure("signal", "the step's process was killed by SIGKILL"))


def test_a_record_and_an_end_are_a_success() -> None:
    assert why(GOOD, Ended(0), SPEC, is_stopped=False) is None


def test_a_child_that_ran_out_of_memory_is_no_failure_of_a_step_that_went_on() -> None:
    assert why(GOOD, Ended(0, out_of_memory=True), SPEC, is_stopped=False) is None


@pytest.mark.parametrize(
    ("record", "ended", "cause", "words"),
    [
        (None, Ended(0), "target", "left no record"),
        (None, Ended(1, reason="boom"), "target", "exit code 1 and left no record: boom"),
        (None, Ended(137), "target", "ended by SIGKILL from outside"),
        (None, Ended(137, out_of_memory=True), "out-of-memory", "of 64MiB"),
        (None, Ended(97), "target", "older Python"),
        (None, Ended(127), "target", "no 'python3' on its PATH"),
        (StepRecord("a", State.CANCELLED), Ended(0), "target", "ended by SIGTERM from outside"),
        (GOOD, Ended(137), "target", "ended by SIGKILL from outside"),
        (KILLED, Ended(0, out_of_memory=True), "out-of-memory", "of 64MiB"),
        (KILLED, Ended(0), "signal", "SIGKILL"),
    ],
)
def test_every_other_end_is_a_named_failure(record: StepRecord | None, ended: Ended, cause: str, words: str) -> None:
    failure = why(record, ended, SPEC, is_stopped=False)

    assert failure is not None
    assert failure.cause == cause
    assert words in failure.message


def test_what_was_stopped_by_us_is_no_failure() -> None:
    assert why(None, Ended(137), SPEC, is_stopped=True) is None
