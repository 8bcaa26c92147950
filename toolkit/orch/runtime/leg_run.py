"""The legs of a mapped step that one job of its matrix runs, one after the other, each as a step with a record of its own.

Outputs are as those of several steps that share a job: one folder of objects, with a record for each leg.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from orch import files
from orch.errors import MapError, OrchError, UsageError
from orch.model.fan import leg_id
from orch.model.matrix import counted, dealt_legs, items_of_job, jobs_for, read_tables
from orch.model.records import StepRecord
from orch.model.settings import ExecutionMode
from orch.model.states import State
from orch.runtime.counting import steps_of
from orch.runtime.delivered import RECORDS
from orch.runtime.modes import not_started, why_halted

if TYPE_CHECKING:
    from orch.model.canonical import Json
    from orch.model.steps import Step


class Job(Protocol):
    """As `orch.runtime.step_run` has it."""

    graph: Json
    step: Step
    legs: Mapping[str, int]
    environment: Mapping[str, str]
    outputs: Path
    outputs_record: Path
    record_folder: Path
    attempt: int

    def run(self, inputs: Path, refused: OrchError | None = None) -> StepRecord: ...
    def leave(self, record: StepRecord) -> None: ...


def run(job: Job, inputs: Path, leg: str, only: str = "") -> list[StepRecord]:
    """The records of what `job` runs in a pipeline with mapped steps: of its step, or of the legs that number `leg` of its matrix has.

    `only` names those of the legs that have to run, where earlier runs have the results of others.
    """
    steps = steps_of(job.graph)
    step = job.step
    if (step.fan is None) != (not leg):
        hint = "compile the pipeline again (orch compile) and commit"
        raise UsageError(f"step {step.id!r} is {'mapped' if step.fan else 'not mapped'}, and --leg is {leg!r}", hint=hint)
    try:
        tables = read_tables(job.environment.get("ORCH_LEGS", ""))
        job.legs = {name: counted(steps, steps[name], tables)["items"] for name in step.producers if steps[name].fan}
        dealt = counted(steps, step, tables) if step.fan else None
    except OrchError as error:
        return [job.run(inputs, error)]
    if dealt is None:
        return [job.run(inputs)]
    records: list[StepRecord] = []
    wanted = frozenset(only.split(",")) if only else frozenset()
    for each, refused in _legs(step, steps, dealt, leg):
        if wanted and each.id.rpartition(".")[2] not in wanted:
            continue
        own = _of(job, each)
        if (halted := _halted(job, each, records)) is None:
            records.append(own.run(inputs, refused))
        else:
            files.make_folders(own.record_folder)
            own.leave(halted)
            records.append(halted)
    return records


def _halted(job: Job, leg: Step, before: Sequence[StepRecord]) -> StepRecord | None:
    """The record of a leg that must not start, after what became of those before it in this job."""
    if any(record.state is State.CANCELLED for record in before):
        return StepRecord(leg.id, State.CANCELLED, job.attempt, reason="interrupted before it started")
    mode = job.graph.get("execution_mode", str(ExecutionMode.CONTINUE_ON_FAILURE))
    failed = next((record.step for record in before if record.state is State.FAILED), None)
    if failed is None or mode == ExecutionMode.CONTINUE_ON_FAILURE:
        return None
    return not_started(leg.id, why_halted(failed, mode), job.attempt)


def _legs(step: Step, steps: Mapping[str, Step], dealt: Json, leg: str) -> list[tuple[Step, OrchError | None]]:
    """Those of one job, and what is wrong with what they map over."""
    count = dealt["items"]
    if not leg.isdecimal() or int(leg) >= jobs_for(count):
        raise UsageError(f"--leg is {leg!r}, expected a number below {jobs_for(count)}", hint="pass matrix.leg of the compiled workflow")
    try:
        legs = dealt_legs(step, dealt["sizes"], (name for name, each in steps.items() if each.fan))
    except MapError as error:
        return [(replace(step, id=leg_id(step.id, 0), inputs=(), fan=None), error)]
    return [(legs[index], None) for index in items_of_job(count, int(leg))]


def _of(job: Job, leg: Step) -> Job:
    """The job of one leg alone."""
    own = copy(job)
    own.step = leg
    own.outputs_record = job.outputs / RECORDS / f"{leg.id}.json"
    own.record_folder = job.record_folder / leg.id
    return own
