"""When a failed step is tried again, and what its log and its record say about that: the same in a run and in a job."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from orch.model.records import StepRecord
from orch.model.states import State

if TYPE_CHECKING:
    from orch.model.retry import StepRetryConfig

# What the next try would meet again: the code, the inputs and the packages are those of this run, and a function whose
# result cannot be stored has done its work. Everything else may be better luck next time.
NEVER_AGAIN: Final = frozenset(("import", "input", "output"))


def delay_before_next(retry: StepRetryConfig | None, record: StepRecord) -> float | None:
    """Seconds to wait before the step starts again; None where `record` is its last word."""
    if retry is None or record.state is not State.FAILED:
        return None
    if record.failure is not None and record.failure.cause in NEVER_AGAIN:
        return None
    return retry.delay_after(record.tries)


def mark_in_log(retry: StepRetryConfig, record: StepRecord, delay: float) -> str:
    """Whole lines that end a failed try in the step's log: why it failed, and when the next one starts."""
    failure = record.failure
    why = failure.traceback or f"{failure.message}\n" if failure else ""
    return f"{why}--- try {record.tries} of {retry.max_retries + 1} failed, the next starts in {delay:g} s ---\n"


def cancelled_while_waiting(record: StepRecord) -> StepRecord:
    """The last word on a step whose next try was cancelled before it started. `record` is the failed one."""
    why = f": {record.failure.message}" if record.failure else ""
    reason = f"interrupted before try {record.tries + 1}; try {record.tries} failed{why}"
    return replace(record, state=State.CANCELLED, failure=None, reason=reason)
