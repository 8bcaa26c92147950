"""What the jobs of a run uploaded, brought home: records, logs, and the bytes of the artifacts."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from orch import names
from orch.errors import RecordError
from orch.model.records import RunRecord, StepRecord
from orch.stores.local import LocalStore


@dataclass(frozen=True, slots=True)
class Delivered:
    """The artifacts of one run of `pipeline`, in the folder where the upload stand-in put them."""

    folder: Path
    pipeline: str

    def record(self, step: str) -> StepRecord | None:
        """The record of `step`, or None if its job uploaded none that can be read."""
        text = self._read(names.record_artifact(self.pipeline, step, 1), "record.json")
        try:
            return None if text is None else StepRecord.read(text)
        except RecordError:
            return None

    def run(self) -> RunRecord | None:
        """The run's record as its result job made it, or None where there is none that can be read."""
        text = self._read(names.run_artifact(self.pipeline, 1), names.RUN_FILE)
        try:
            return None if text is None else RunRecord.read(text)
        except RecordError:
            return None

    def log(self, step: str) -> bytes | None:
        return self._read(names.record_artifact(self.pipeline, step, 1), "log.txt")

    def unpack_outputs(self, record: StepRecord, scratch: Path, store: LocalStore) -> None:
        """Put the bytes of the outputs of `record` into `store`, each checked against its digest."""
        path = self.folder / f"{names.outputs_artifact(self.pipeline, record.step, 1)}.zip"
        if not path.is_file():
            return
        with zipfile.ZipFile(path) as zipped:
            zipped.extractall(scratch / record.step)
        digests = [digest for artifact in record.outputs.values() for digest in artifact.digests]
        store.transfer(digests, LocalStore(scratch / record.step, verify=True))

    def _read(self, name: str, member: str) -> bytes | None:
        try:
            with zipfile.ZipFile(self.folder / f"{name}.zip") as zipped:
                return zipped.read(member)
        except (FileNotFoundError, KeyError):
            return None
