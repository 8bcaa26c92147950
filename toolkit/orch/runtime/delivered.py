"""What earlier jobs delivered: folders with a record and the objects that it names, one per producer and attempt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from orch.errors import InputMissingError, RecordError
from orch.model.canonical import Json
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


def artifacts_for(references: Iterable[tuple[str, str]], folder: Path) -> dict[str, Json]:
    """`step.output` -> the artifact's JSON with the `store` that holds it; raises InputMissingError for the first absent one."""
    delivered = newest_records(folder) if folder.is_dir() else {}
    found: dict[str, Json] = {}
    for step, output in references:
        record, store = delivered.get(step, (None, None))
        artifact = record.outputs.get(output) if record else None
        if artifact is None:
            hint = "its job must have succeeded in this run; if its artifact expired or was deleted, re-run all jobs"
            raise InputMissingError(f"step {step!r} delivered no output {output!r}", hint=hint)
        found[f"{step}.{output}"] = {**artifact.to_json(), "store": str(store)}
    return found
