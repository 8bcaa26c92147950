"""The legs of a mapped step that one job of its matrix runs, one after the other, each as a step with a record of its own.

Outputs are as those of several steps that share a job: one folder of objects, with a record for each leg.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from orch import files
from orch.errors import MapError, OrchError, UsageError
from orch.model.fan import leg_id
from orch.model.matrix import counted, dealt_legs, items_of_job, jobs_for, read_tables
from orch.model.records import StepRecord
from orch.model.states import State
from orch.runtime.counting import steps_of
from orch.runtime.delivered import RECORDS

if TYPE_CHECKING:
    from orch.model.canonical import Json
    from orch.model.steps import Step
    from orch.runtime.step_run import Job


def run(job: Job, inputs: Path, leg: str) -> list[StepRecord]:
    """The records of what `job` runs in a pipeline with mapped steps: of its step, or of the legs that number `leg` of its matrix has."""
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
    for each, refused in _legs(step, steps, dealt, leg):
        was_stopped = bool(records) and records[-1].state is State.CANCELLED
        records.append(_run_leg(job, each, inputs, refused, was_stopped=was_stopped))
    return records


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


def _run_leg(job: Job, leg: Step, inputs: Path, refused: OrchError | None, *, was_stopped: bool) -> StepRecord:
    own = copy(job)
    own.step = leg
    own.outputs_record = job.outputs / RECORDS / f"{leg.id}.json"
    own.record_folder = job.record_folder / leg.id
    if not was_stopped:
        return own.run(inputs, refused)
    record = StepRecord(leg.id, State.CANCELLED, job.attempt, reason="interrupted before it started")
    files.make_folders(own.record_folder)
    own.leave(record)
    return record
