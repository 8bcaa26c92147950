"""The seven states of a step or a run, the same for every target."""

from __future__ import annotations

from enum import StrEnum

from orch.errors import ExitCode


class State(StrEnum):
    """Of a step, or of a run as the fold of its steps' states."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CACHED = "cached"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        return self not in (State.QUEUED, State.RUNNING)

    @property
    def has_outputs(self) -> bool:
        return self in (State.SUCCEEDED, State.CACHED)

    @property
    def exit_code(self) -> ExitCode:
        """What a command ends with whose run or step ended so: a step that was skipped has not done its work either."""
        if self.has_outputs:
            return ExitCode.OK
        return ExitCode.CANCELLED if self is State.CANCELLED else ExitCode.STEP_FAILED


def fold_states(states: list[State]) -> State:
    """The state of a run from those of its steps: the worst of them; a step that was skipped is no reason by itself."""
    for worst in (State.FAILED, State.CANCELLED, State.RUNNING, State.QUEUED):
        if worst in states:
            return worst
    return State.SUCCEEDED
