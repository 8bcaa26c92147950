"""Which failures get another try, and what is said of them."""

from __future__ import annotations

import pytest
from support.runs import ended

from orch.model.records import Failure, StepRecord
from orch.model.retry import StepRetryConfig
from orch.model.states import State
from orch.runtime.retries import cancelled_while_waiting, delay_before_next, mark_in_log

RETRY = StepRetryConfig(max_retries=2, delay=10, backoff=3)


def failed(cause: str = "exception", tries: int = 1, traceback: str = "") -> StepRecord:
    return ended("train", State.FAILED, tries=tries, failure=Failure(cause, "no luck", "ValueError", traceback))


@pytest.mark.parametrize("cause", ["exception", "exit", "signal", "out-of-memory", "timeout"])
@pytest.mark.parametrize(("tries", "delay"), [(1, 10), (2, 30), (3, None)])
def test_what_may_go_better_is_tried_again_after_a_growing_delay(cause: str, tries: int, delay: float | None) -> None:
    assert delay_before_next(RETRY, failed(cause, tries)) == delay


@pytest.mark.parametrize("cause", ["import", "input", "output"])
def test_what_would_be_met_again_is_not(cause: str) -> None:
    assert delay_before_next(RETRY, failed(cause)) is None


@pytest.mark.parametrize("state", [state for state in State if state is not State.FAILED])
def test_only_a_failure_is_tried_again(state: State) -> None:
    assert delay_before_next(RETRY, ended("train", state)) is None


def test_without_a_retry_there_is_one_try() -> None:
    assert delay_before_next(None, failed()) is None
    assert delay_before_next(StepRetryConfig(0), failed()) is None


@pytest.mark.parametrize(("traceback", "why"), [("Traceback: x\n", "Traceback: x\n"), ("", "no luck\n")])
def test_the_log_of_a_failed_try_ends_with_why_and_when(traceback: str, why: str) -> None:
    assert mark_in_log(RETRY, failed(traceback=traceback), 10) == f"{why}--- try 1 of 3 failed, the next starts in 10 s ---\n"


def test_a_step_that_is_cancelled_while_it_waits_has_not_failed() -> None:
    record = cancelled_while_waiting(failed(tries=2))

    assert (record.state, record.tries, record.failure) == (State.CANCELLED, 2, None)
    assert record.reason == "interrupted before try 3; try 2 failed: no luck"
