"""What to believe of mapped steps when a run on GitHub has ended: their legs' records, and its one word on all jobs of a matrix.

How many legs there should be is told by the graph or by the job that counted them, never by the legs themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from orch.errors import MapError, OrchError
from orch.model.canonical import Json
from orch.model.fan import index_of, leg_id, step_of
from orch.model.gathered import fold_legs
from orch.model.graph import Graph
from orch.model.matrix import counted, dealt_legs, read_tables
from orch.model.records import Failure, StepRecord
from orch.model.states import State
from orch.model.steps import Step


def is_name(graph: Graph, name: str) -> bool:
    """Whether `name` is that of a step, or of a leg of one: it becomes part of paths."""
    return name in graph.by_id or (index_of(name) is not None and step_of(name) in graph.mapped)


def counts(graph: Graph, needs: Json) -> dict[str, int]:
    """How many legs the mapped steps have, as far as jobs of this run, or the graph, tell; `needs` is GitHub's context."""
    return {step: dealt["items"] for step, dealt in _counted(graph, needs).items()}


def legs_as_steps(graph: Graph, needs: Json) -> dict[str, Step]:
    """The same, with what each leg is; none of a step that could not be mapped."""
    found: dict[str, Step] = {}
    for step, dealt in _counted(graph, needs).items():
        with suppress(MapError):
            found |= {leg.id: leg for leg in dealt_legs(graph[step], dealt["sizes"], graph.mapped)}
    return found


def _counted(graph: Graph, needs: Json) -> dict[str, Json]:
    tables: dict[str, Json] = {}
    for job in needs.values():
        with suppress(OrchError):  # then nobody has counted, and the step's jobs cannot have started
            tables |= read_tables(str((job.get("outputs") or {}).get("legs") or ""))
    found: dict[str, Json] = {}
    for step in graph.steps:
        if step.fan:
            with suppress(OrchError):
                found[step.id] = counted(graph.by_id, step, tables)
    return found


def reconcile_legs(step: Step, uploaded: Mapping[str, StepRecord], count: int | None, result: str, attempt: int) -> list[StepRecord]:
    """The records of a mapped step and its legs; none where it did not start. `result` is GitHub's word, empty of a step without a job."""
    if result in ("skipped", ""):
        told = uploaded.get(step.id)  # by the plan job, which may have kept it from starting
        if told is None or told.state is not State.CACHED:
            return [told] if told is not None else []
        return [told, *(uploaded[leg] for index in range(count or 0) if (leg := leg_id(step.id, index)) in uploaded)]
    if count is None:
        return []
    legs = [_leg(leg_id(step.id, index), uploaded, result, attempt) for index in range(count)]
    folded = fold_legs(step, legs, attempt)
    if folded.state.has_outputs and result in ("failure", "cancelled"):
        message = f"every leg succeeded, then a job of theirs ended as {result!r}: outputs may not have been uploaded"
        folded = replace(folded, state=State.FAILED, outputs={}, failure=Failure("output", message))
    return [folded, *legs]


def _leg(name: str, uploaded: Mapping[str, StepRecord], result: str, attempt: int) -> StepRecord:
    """One that succeeded in an earlier attempt was not run again, whatever became of the others."""
    record = uploaded.get(name)
    if record is not None:
        return record
    if result == "cancelled":
        return StepRecord(name, State.CANCELLED, attempt, reason="the job was cancelled")
    message = "the leg's record is missing: re-run all jobs"
    if result == "failure":
        message = "the job failed before the leg could report: its log says why"
    return StepRecord(name, State.FAILED, attempt, failure=Failure("exit", message))
