"""What a running step may ask about itself and say about its result: `orch.context()` and `orch.log_metadata()`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from orch.errors import UsageError
from orch.model.states import State
from orch.runtime import current

if TYPE_CHECKING:
    from datetime import datetime

    from orch.runtime.metadata import Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`temp` is a folder of this try's alone, empty when it starts and removed when it has ended.

    `state` is running, or in a hook what the step ended as. `attempt` counts the runs of one id (GitHub's re-run), `tries` the
    step's own retries in it; both from 1. `leg` is the place, from 0, of what a leg of a mapped step makes in the list of all.
    """

    run: str
    pipeline: str
    step: str
    state: State
    attempt: int
    tries: int
    trigger: str
    temp: Path
    leg: int | None = None
    _logical_date: str = field(default="", repr=False)
    _timezone: str = field(default="UTC", repr=False)

    @property
    def logical_date(self) -> datetime:
        """The moment that the run is for, in the time zone of the pipeline's schedule.

        Raises UsageError in a job of a compiled workflow without a schedule, where each job would have another.
        """
        if not self._logical_date:
            hint = "give the pipeline a schedule, or a parameter for it; with a schedule, the log of the plan job says why it is not known"
            raise UsageError("the logical date is not known in this job: the jobs of a pipeline without a schedule have none", hint=hint)
        from orch.model import dates  # most steps do not ask

        return dates.read(self._logical_date, self._timezone)


def _running() -> Context | None:
    found = current.context()
    return found if isinstance(found, Context) else None


def context() -> Context:
    """The running step's context; raises UsageError outside a step."""
    found = _running()
    if found is None:
        raise UsageError("orch.context() was called outside a running step", hint="call it inside a function decorated with @step")
    return found


def log_metadata(**scalars: Scalar) -> None:
    """Keep single values in the step's record, for people to see: numbers, text, dates. The last value of a name counts.

    Raises UsageError outside a step, and for a value that is none; then nothing of this call is kept.
    """
    found = _running()
    if found is None or found.state is not State.RUNNING:
        where = "in a hook, when the step's record is closed" if found else "outside a running step"
        hint = "call it inside a function decorated with @step"
        raise UsageError(f"orch.log_metadata() was called {where}", hint=hint)
    if not current.is_own_process():
        message = "orch.log_metadata() was called in a process that the step started, which has no record"
        raise UsageError(message, hint="return the values to the step's own process, and log them there")
    from orch.runtime import metadata  # most steps log none

    current.logged.update(metadata.checked(scalars, current.logged))
