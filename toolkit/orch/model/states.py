"""The seven states of a step or a run, the same for every target."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
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


def fold_states(states: list[State]) -> State:
    """The state of a run from those of its steps: failed beats cancelled beats skipped-by-nothing-else."""
    for worst in (State.FAILED, State.CANCELLED, State.RUNNING, State.QUEUED):
        if worst in states:
            return worst
    return State.SUCCEEDED
