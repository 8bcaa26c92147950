"""What earlier jobs delivered: folders with a record and the objects that it names, one per producer and attempt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from orch.errors import InputMissingError, RecordError
from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.fan import leg_id
from orch.model.records import StepRecord

RECORDS: Final = "records"  # in an artifact: the records of several steps that shared a job


def read_record(file: Path) -> StepRecord:
    """Raises RecordError, naming the file, where it is damaged or newer than this version reads."""
    try:
        return StepRecord.read(file.read_bytes())
    except OSError as error:
        raise RecordError(f"{file.parent.name}/{file.name} cannot be read: {error.strerror}") from error
    except RecordError as error:
        raise RecordError(f"{file.parent.name}/{file.name}: {error.message}", hint=error.hint) from error


def newest_records(folder: Path) -> dict[str, tuple[StepRecord, Path]]:
    """Each step's record of the highest attempt below `folder`, and the folder that it came with."""
    newest: dict[str, tuple[StepRecord, Path]] = {}
    for file, artifact in _record_files(folder):
        record = read_record(file)
        known = newest.get(record.step)
        if known is None or record.attempt > known[0].attempt:
            newest[record.step] = (record, artifact)
    return newest


def _record_files(folder: Path) -> Iterator[tuple[Path, Path]]:
    """With the artifact that each is in. A single artifact may be unpacked without a folder of its own."""
    for artifact in (folder, *sorted(folder.iterdir())):
        if (artifact / "record.json").is_file():
            yield artifact / "record.json", artifact
        for file in sorted((artifact / RECORDS).glob("*.json")):
            yield file, artifact


def artifacts_for(references: Iterable[tuple[str, str]], folder: Path, legs: Mapping[str, int] | None = None) -> dict[str, Json]:
    """`step.output` -> the artifact's JSON with the `store` that holds it; raises InputMissingError for the first absent one.

    `legs` tells how many each mapped step has: all of them have to be there, whoever of them reported.
    """
    delivered = newest_records(folder) if folder.is_dir() else {}
    counts = legs or {}
    return {f"{step}.{output}": _gathered(step, output, counts, delivered) for step, output in references}


def _gathered(step: str, output: str, counts: Mapping[str, int], delivered: Mapping[str, tuple[StepRecord, Path]]) -> Json:
    if step not in counts:
        artifact, store = _of(step, output, delivered)
        return {**artifact.to_json(), "store": str(store)}
    from orch.model.gathered import gather

    items = [_of(leg_id(step, index), output, delivered) for index in range(counts[step])]
    placed = [{**item.to_json(), "store": str(store)} for item, store in items]
    return {**gather([item for item, _ in items]).to_json(), "meta": {"items": placed}}


def _of(step: str, output: str, delivered: Mapping[str, tuple[StepRecord, Path]]) -> tuple[Artifact, Path]:
    if step in delivered:
        record, store = delivered[step]
        if output in record.outputs:
            return record.outputs[output], store
    hint = "its job must have succeeded in this run; if its artifact expired or was deleted, re-run all jobs"
    raise InputMissingError(f"step {step!r} delivered no output {output!r}", hint=hint)
