"""The index of results that a run on GitHub leaves to later ones: what its plan has read, and what its own steps have made.

A step's key is computed here, from what its job reported: the inputs that it read, the Python and system that it had.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.fan import index_of, leg_id, step_of
from orch.model.graph import Graph
from orch.model.index import Entry, Kept
from orch.model.matrix import per_job
from orch.model.plan import Action, Cause
from orch.model.records import StepRecord
from orch.model.states import State
from orch.model.steps import OutputRef, Step
from orch.names import outputs_artifact
from orch.planning.ahead import decide_on
from orch.planning.decide import Known
from orch.planning.machines import Machine
from orch.runtime.api import Api
from orch.runtime.planned import index_text

MOST_OF_STEP: Final = 5
MOST_BYTES: Final = 8 << 20
_NEEDS: Final = "actions: read"


@dataclass(frozen=True, slots=True)
class Made:
    """What a run's jobs reported: `artifacts` of the run by name; `known.facts` are without machine.

    `legs` are those of mapped steps, as steps; `taken` the steps and legs that the plan took from earlier runs.
    """

    graph: Graph
    run: str
    records: Mapping[str, StepRecord]
    known: Known
    artifacts: Mapping[str, Kept]
    legs: Mapping[str, Step] = field(default_factory=dict)
    taken: Collection[str] = ()

    def explained(self) -> dict[str, StepRecord]:
        """The records of steps and legs that ran, with their keys, what these are digests of, and why they ran."""
        steps = {step.id: step for step in self.graph.steps if step.fan is None} | dict(self.legs)
        return {name: self._explained(steps[name], record) if name in steps else record for name, record in self.records.items()}

    def _explained(self, step: Step, record: StepRecord) -> StepRecord:
        step = step.choose([each for each in step.producers if each in self.records and self.records[each].state.has_outputs])
        machine, inputs = machine_of(record), self._inputs(step, record)
        if not record.started or record.key or record.state is State.CACHED or machine is None or inputs is None:
            return record
        if step_of(step.id) not in self.known.facts:
            return record
        decision = decide_on(self.graph.pipeline, step, self.known, machine, inputs)
        cause = Cause.LOST if decision.action is Action.CACHED else decision.cause
        return (
            replace(record, key=decision.key, facts=decision.facts, cause=str(cause)) if decision.key else replace(record, cause=str(cause))
        )

    def _inputs(self, step: Step, record: StepRecord) -> dict[str, Artifact] | None:
        """What the step read, as its producers made it; None where it read something else."""
        found: dict[str, Artifact] = {}
        for ref in step.references:
            if isinstance(ref, OutputRef):
                producer = self.records.get(ref.step)
                artifact = producer.outputs.get(ref.output) if producer is not None else None
                read = record.inputs.get(str(ref))
                if artifact is None or not isinstance(read, Mapping) or read.get("digest") != artifact.digest:
                    return None
                found[str(ref)] = artifact
        return found

    def entries(self) -> list[Entry]:
        """Of the results that may be used again; of a step that took an earlier one and uploaded it, with the age that it had."""
        records = {step: record for step, record in self.explained().items() if step not in self.taken}
        counts = Counter(map(step_of, self.legs))
        return [entry for step, record in records.items() if (entry := self._entry(step, record, counts)) is not None]

    def _entry(self, step: str, record: StepRecord, counts: Mapping[str, int]) -> Entry | None:
        kept = kept_of(self.graph, step, record, self.artifacts, counts)
        if not record.key or not record.state.has_outputs or (record.outputs and not kept):
            return None
        before = self.known.index.get(record.key, self.graph.pipeline, step) if record.state is State.CACHED else None
        ended = before.ended if before is not None else ended_of(record)
        return Entry(
            record.key,
            self.graph.pipeline,
            step,
            self.run,
            ended,
            {name: value for name, value in record.facts.items() if name != "texts"},
            record.outputs,
            record.metadata,
            record.flags,
            record.attempt,
            kept,
        )


def machine_of(record: StepRecord) -> Machine | None:
    """The Python and system that a step had, in the form of facts."""
    said = [record.environment.get(name) for name in ("python", "os", "arch")]
    if not all(isinstance(each, str) and each for each in said):
        return None
    version, system, architecture = map(str, said)
    variant = str(record.environment.get("variant", ""))
    minor = ".".join(version.split(".")[:2])
    name, free = variant.removesuffix("t"), "t" if variant.endswith("t") else ""
    return Machine(f"{name}{minor}{free}", f"{system}-{architecture.lower()}")


def kept_of(graph: Graph, step: str, record: StepRecord, artifacts: Mapping[str, Kept], counts: Mapping[str, int]) -> tuple[Kept, ...]:
    """`counts` tells how many legs mapped steps have: one job may have had several."""
    index = index_of(step)
    job = graph.job_of[step] if index is None else leg_id(step_of(step), index // per_job(counts.get(step_of(step), 0)))
    kept = artifacts.get(outputs_artifact(graph.pipeline, job, record.attempt))
    return () if kept is None else (kept,)


def ended_of(record: StepRecord) -> str:
    try:
        ended = datetime.fromisoformat(record.started) + timedelta(seconds=record.duration)
    except (ValueError, OverflowError):
        return ""
    return ended.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def artifacts_of_run(api: Api, run: str) -> dict[str, Kept]:
    """By name, those that are there; raises RemoteError."""
    found: dict[str, Kept] = {}
    for each in api.pages(f"actions/runs/{run}/artifacts", "artifacts", needs=_NEEDS):
        if isinstance(each, dict) and each.get("expired") is False and type(each.get("id")) is int:
            found[str(each.get("name"))] = Kept(each["id"], str(each.get("name")), str(each.get("expires_at") or ""))
    return found


def lost(records: Iterable[StepRecord], taken: Mapping[str, Entry], graph: Graph) -> list[Entry]:
    """What the plan took for there and a step could not read: the next plan must not take it again."""
    failed = [step_of(record.step) for record in records if record.failure is not None and record.failure.cause == "input"]
    wanted = {producer for step in failed for producer in graph[step].producers}
    return [replace(entry, artifacts=(), attempt=0) for name, entry in taken.items() if step_of(name) in wanted]


def cumulative(before: Sequence[Entry], made: Iterable[Entry], used: Iterable[Entry] = ()) -> list[Entry]:
    """Of each key and step the last, of each step the newest, and no more bytes than a plan reads in no time.

    What was `used` is as good as new: of legs, which change their places, a result may be the oldest of its name and needed every day.
    """
    last: dict[tuple[str, str, str], Entry] = {}
    for entry in (*before, *used, *made):
        name = (entry.key, entry.pipeline, entry.step)
        last.pop(name, None)
        last[name] = entry
    of_step = Counter(step_of(name) for name in {entry.step for entry in last.values()})  # itself, or as many legs as it has had
    kept: set[int] = set()
    counts: Counter[str] = Counter()
    size = 0
    newest_first = list(last.values())[::-1]
    for entry in sorted(newest_first, key=lambda each: index_of(each.step) is not None):  # legs are many: they go first
        step = step_of(entry.step)
        counts[step] += 1
        size += len(index_text([entry]))
        if counts[step] <= MOST_OF_STEP * of_step[step] and size <= MOST_BYTES:
            kept.add(id(entry))
    return [entry for entry in last.values() if id(entry) in kept]


def cached_record(step: str, entry: Entry, attempt: int, reason: str, key: str, facts: Mapping[str, Json]) -> StepRecord:
    """Of a step whose job the plan kept from starting."""
    return StepRecord(
        step=step,
        state=State.CACHED,
        attempt=attempt,
        outputs=entry.outputs,
        reason=reason,
        metadata=entry.metadata,
        key=key,
        facts=facts,
        cached_from=entry.run,
        cause=str(Cause.HIT),
        flags=entry.flags,
    )
