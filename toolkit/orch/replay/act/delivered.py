"""What the jobs of a run uploaded, brought home: records, logs, and the bytes of the artifacts."""

from __future__ import annotations

import contextlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from orch import names
from orch.errors import RecordError
from orch.model.records import StepRecord
from orch.model.runs import RunRecord
from orch.stores.local import LocalStore


@dataclass(frozen=True, slots=True)
class Delivered:
    """The artifacts of one attempt of a run of `pipeline`, in the folder where the upload stand-in put them."""

    folder: Path
    pipeline: str
    attempt: int = 1

    def record(self, step: str) -> StepRecord | None:
        """The record of `step`, or None if its job uploaded none that can be read."""
        text = self._read(names.record_artifact(self.pipeline, step, self.attempt), "record.json")
        try:
            return None if text is None else StepRecord.read(text)
        except RecordError:
            return None

    def several(self, job: str) -> list[StepRecord]:
        """The records of the legs or steps that one job ran, as far as they can be read."""
        found = []
        path = self.folder / f"{names.record_artifact(self.pipeline, job, self.attempt)}.zip"
        with contextlib.suppress(FileNotFoundError, zipfile.BadZipFile), zipfile.ZipFile(path) as zipped:
            for member in sorted(zipped.namelist()):
                if member.endswith("/record.json"):
                    with contextlib.suppress(RecordError):
                        found.append(StepRecord.read(zipped.read(member)))
        return found

    def run(self) -> RunRecord | None:
        """The run's record as its result job made it, or None where there is none that can be read."""
        text = self._read(names.run_artifact(self.pipeline, self.attempt), names.RUN_FILE)
        try:
            return None if text is None else RunRecord.read(text)
        except RecordError:
            return None

    def log(self, step: str, job: str) -> bytes | None:
        """What a step or leg printed, alone in its `job` or with others."""
        name = names.record_artifact(self.pipeline, job, self.attempt)
        own = self._read(name, f"{step}/log.txt")
        return self._read(name, "log.txt") if own is None else own

    def unpack_outputs(self, record: StepRecord, job: str, scratch: Path, store: LocalStore) -> None:
        """Put the bytes of the outputs of `record`, which `job` made, into `store`, each checked against its digest."""
        path = self.folder / f"{names.outputs_artifact(self.pipeline, job, self.attempt)}.zip"
        if not path.is_file():
            return
        if not (scratch / job).is_dir():
            with zipfile.ZipFile(path) as zipped:
                zipped.extractall(scratch / job)
        digests = [digest for artifact in record.outputs.values() for digest in artifact.digests]
        store.transfer(digests, LocalStore(scratch / job, verify=True))

    def _read(self, name: str, member: str) -> bytes | None:
        try:
            with zipfile.ZipFile(self.folder / f"{name}.zip") as zipped:
                return zipped.read(member)
        except (FileNotFoundError, KeyError):
            return None
