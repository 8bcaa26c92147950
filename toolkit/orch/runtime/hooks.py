"""Which hook runs after a step that has ended for good, and what its own record says about it: the same in a run and in a job."""

from __future__ import annotations

from typing import Final

from orch.model.records import Failure, StepRecord
from orch.model.states import State
from orch.model.steps import Step
from orch.runtime.execute import Order
from orch.runtime.pool import Task

TIMEOUT: Final = 300.0  # seconds; a hook tells somebody, and a run must not wait for ever for that


def hook_task(step: Step, ended: StepRecord) -> Task | None:
    """What to run after the terminal record of `step`; None where it has no hook for that end.

    A step that was cached, skipped or cancelled did neither succeed nor fail, and calls none.
    """
    settings = step.settings
    hook = {State.FAILED: settings.on_failure, State.SUCCEEDED: settings.on_success}.get(ended.state)
    if hook is None:
        return None
    failure = ended.failure or Failure("exit", "the step failed")
    order = Order(step.to_json(), {}, ended.tries, hook, failure.to_json() if ended.state is State.FAILED else None)
    return Task(order, dict(settings.environment), settings.secrets, TIMEOUT)


def hook_failure(record: StepRecord) -> Failure | None:
    """Of the record that came back for a hook's task: what belongs into the step's record as `hook`."""
    if record.state is State.SUCCEEDED:
        return None
    return record.failure or Failure("interrupted", "the hook was interrupted before it had ended")


def not_started() -> Failure:
    """Of a hook whose step ended just when everything was told to."""
    return Failure("interrupted", "interrupted before the hook started")
