"""Execution modes in compiled workflows: which job of the run has failed first, and what that means for the others, as data.

A job sees the results of its ancestors alone, so those of the others come from GitHub's API: `orch mode` asks it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from orch.model.canonical import Json
from orch.model.fan import index_of, step_of
from orch.model.records import StepRecord
from orch.model.settings import ExecutionMode
from orch.model.states import State

if TYPE_CHECKING:
    from orch.model.graph import Graph
    from orch.model.steps import Step

_FAILED: Final = ("failure", "timed_out")
# What GitHub appends to the name of a matrix's job, and what of a pack's name comes after its first step.
_MORE: Final = re.compile(r" \([^()]*\)$| \+ .*$")


class JobName(NamedTuple):
    """A job's name as the API has it: `prefix` is of the jobs that called its workflow, `caller / train (3)`."""

    prefix: str
    step: str

    @classmethod
    def of(cls, name: str) -> JobName:
        prefix, _, last = name.rpartition(" / ")
        return cls(prefix, _MORE.sub("", last))


def why_halted(step: str, mode: str) -> str:
    return f"{step} failed and the execution mode is {mode}"


def not_started(step: str, why: str, attempt: int) -> StepRecord:
    return StepRecord(step, State.SKIPPED, attempt, reason=f"not started, because {why}")


def first_failed(jobs: Iterable[Json], steps: Collection[str], own: str, runner: str) -> str | None:
    """Of the `steps` of this pipeline, the one whose job failed first, as far as the API knows; None if none has.

    One run may call a pipeline several times: the job of the step `own` on this `runner` tells which of them this one is.
    """
    named = [(JobName.of(str(job.get("name", ""))), job) for job in jobs]
    mine = {
        name.prefix for name, job in named if name.step == own and job.get("runner_name") == runner and job.get("status") == "in_progress"
    }
    failed = [
        (str(job.get("completed_at") or "~"), name.step)  # one that has failed and not ended comes last
        for name, job in named
        if name.step in steps and (len(mine) != 1 or name.prefix in mine) and _has_failed(job)
    ]
    return min(failed)[1] if failed else None


def _has_failed(job: Json) -> bool:
    parts = [job, *(job.get("steps") or ())]
    return any(part.get("conclusion") in _FAILED for part in parts)


# --- what the result job says ---


def under_mode(graph: Graph, told: Mapping[str, StepRecord], results: Mapping[str, str], attempt: int) -> Iterator[StepRecord]:
    """What the mode did to steps that GitHub calls cancelled or skipped, in the words of a run on one machine.

    `told` has what their jobs wrote, `results` is GitHub's word for the jobs' ends. Only where a failure cancels the run: where it only
    keeps others from starting, their own jobs have written so.
    """
    first = _first(told.values())
    if graph.execution_mode is not ExecutionMode.FAIL_FAST or first is None:
        return
    why = why_halted(first.step, graph.execution_mode)
    below: set[str] = set()
    for step in _in_order(graph):
        record = told.get(step)
        needs = graph[step].needs
        if any(need in below or (need in told and told[need].state is State.FAILED) for need in needs):
            below.add(step)
        elif graph[step].fan and record is not None:
            yield from _legs(graph[step], told, why, attempt) if first.started else ()
        elif record is not None and record.state is State.CANCELLED and record.started:
            yield replace(record, reason=f"stopped, because {why}")
        elif (record is None or not (record.started or record.state.has_outputs)) and results.get(step) in ("cancelled", "skipped"):
            yield not_started(step, why, attempt)


def _legs(step: Step, told: Mapping[str, StepRecord], why: str, attempt: int) -> Iterator[StepRecord]:
    """GitHub has one word for all jobs of a matrix, so a leg without a record of its own has not started."""
    from orch.model.gathered import fold_legs

    legs = sorted(
        (record for name, record in told.items() if name != step.id and step_of(name) == step.id), key=lambda leg: index_of(leg.step) or 0
    )
    changed = [_leg(leg, why, attempt) for leg in legs]
    if changed != legs:
        yield from changed
        yield fold_legs(step, changed, attempt)


def _leg(leg: StepRecord, why: str, attempt: int) -> StepRecord:
    if leg.state not in (State.CANCELLED, State.FAILED) or (leg.started and leg.state is State.FAILED):
        return leg
    return replace(leg, reason=f"stopped, because {why}") if leg.started else not_started(leg.step, why, attempt)


def _first(records: Iterable[StepRecord]) -> StepRecord | None:
    failed = (record for record in records if record.state is State.FAILED)
    return min(failed, key=lambda record: (_ended(record), record.step), default=None)


def _ended(record: StepRecord) -> str:
    try:
        return (datetime.fromisoformat(record.started) + timedelta(seconds=record.duration)).isoformat()
    except (ValueError, OverflowError):
        return "~"


def _in_order(graph: Graph) -> Iterator[str]:
    from orch.model.graph import topological  # a job that only asks knows no graph

    return (step.id for step in topological(graph))
