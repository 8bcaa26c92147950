"""The record of a run that an error of orch's own ends: how far its steps came, and what the error was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from orch.errors import OrchError
from orch.model.graph import Graph
from orch.model.records import Failure, StepRecord, newest
from orch.model.runs import RunInfo, RunRecord, fold
from orch.model.states import State
from orch.runtime import clock
from orch.runtime.redact import Redactor
from orch.system.refusals import refusal

REASON = "an error ended the run before it"


def broken_off(
    info: RunInfo, graph: Graph, told: Iterable[StepRecord], error: BaseException, *, redact: Redactor, duration: float
) -> RunRecord:
    """`told` are the steps that have ended; the others were cancelled by it, and the run failed, unless a person ended it."""
    known = newest(told)
    rest = (StepRecord(step.id, State.CANCELLED, info.attempt, reason=REASON) for step in graph.steps if step.id not in known)
    record = fold(info, graph, [*known.values(), *rest], ended=clock.rfc3339(clock.now()), duration=duration)
    if isinstance(error, KeyboardInterrupt):
        return replace(record, state=State.CANCELLED)
    return replace(record, state=State.FAILED, failure=_failure(error, redact))


def _failure(error: BaseException, redact: Redactor) -> Failure:
    """Where it stands in a step's record the cause, and here the code of the error."""
    known = error if isinstance(error, OrchError) else refusal(error)
    if known is None:
        return Failure("bug", redact(f"{type(error).__name__}: {error}"), type=type(error).__name__)
    return Failure(known.code, redact("\n".join(problem.message for problem in known.problems)))
