"""What a job leaves that found an earlier result: it stands where the step, or leg, would have put its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orch import files
from orch.model import canonical
from orch.model.artifacts import Artifact
from orch.model.fan import index_of
from orch.model.plan import Decision
from orch.model.records import StepRecord
from orch.model.states import State
from orch.model.steps import OutputRef, Step
from orch.runtime import clock
from orch.runtime.delivered import RECORDS
from orch.runtime.fetching import Fetcher
from orch.stores.local import LocalStore


@dataclass(frozen=True, slots=True)
class Places:
    """Folders for outputs and records, as `orch step run` has them."""

    outputs: Path
    records: Path
    attempt: int


def republish(
    step: Step, decision: Decision, delivered: Mapping[str, Artifact], fetcher: Fetcher, places: Places, *, has_neighbours: bool
) -> StepRecord:
    """The record of `step`, whose earlier result is brought here; raises OrchErrors, and then nothing is left.

    `has_neighbours`: other legs of this job have put their outputs there.
    """
    entry = decision.entry
    assert entry is not None
    started, tick = clock.now(), clock.monotonic()
    aside = places.outputs.with_name(f"{places.outputs.name}-{step.id}")
    folder = aside if has_neighbours else places.outputs
    outputs = fetcher.entry(entry, folder)
    files.make_folders(places.outputs)
    if has_neighbours:
        wanted = (digest for artifact in outputs.values() for digest in artifact.digests)
        LocalStore(places.outputs).transfer(wanted, LocalStore(aside))
        files.remove_tree(aside)
    record = StepRecord(
        step=step.id,
        state=State.CACHED,
        attempt=places.attempt,
        started=clock.rfc3339(started),
        duration=clock.monotonic() - tick,
        inputs={str(ref): {"digest": delivered[str(ref)].digest} for ref in step.references if isinstance(ref, OutputRef)},
        outputs=outputs,
        reason=decision.reason,
        metadata=entry.metadata,
        key=decision.key,
        facts=decision.facts,
        cached_from=entry.run,
        cause=str(decision.cause),
        flags=entry.flags,
    )
    _leave(record, places)
    return record


def _leave(record: StepRecord, places: Places) -> None:
    """As `orch step run` leaves what a step, or leg, made."""
    text = canonical.pretty(record.to_json()).encode()
    is_leg = index_of(record.step) is not None
    folder = places.records / record.step if is_leg else places.records
    files.make_folders(folder)
    if record.outputs:
        target = places.outputs / RECORDS / f"{record.step}.json" if is_leg else places.outputs / "record.json"
        files.make_folders(target.parent)
        files.write_atomic(target, text)
    files.write_atomic(folder / "log.txt", b"")
    files.write_atomic(folder / "record.json", text)
