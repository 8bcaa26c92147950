"""What a running step may ask about itself: `orch.context()`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orch.errors import UsageError
from orch.model.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`temp` is a folder of this step's alone, empty when it starts and removed when it has ended.

    `state` is running, or in a hook what the step ended as. `attempt` counts the runs of one id (GitHub's re-run), `tries` the
    step's own retries in it; both from 1.
    """

    run: str
    pipeline: str
    step: str
    state: State
    attempt: int
    tries: int
    trigger: str
    temp: Path


_current: list[Context] = []


def context() -> Context:
    """The running step's context; raises UsageError outside a step."""
    if not _current:
        raise UsageError("orch.context() was called outside a running step", hint="call it inside a function decorated with @step")
    return _current[-1]


def enter(entered: Context) -> None:
    _current[:] = [entered]


def leave() -> None:
    _current.clear()
