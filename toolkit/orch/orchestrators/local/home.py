"""Where runs and their results are kept on this machine: `.orch/` at the root of the repository."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from orch import files, materializers
from orch.errors import StoreError
from orch.model import canonical
from orch.model.artifacts import Artifact
from orch.model.graph import Graph, OutputRef
from orch.model.records import RunRecord, StepRecord
from orch.names import RUN_FILE, STEPS_FILE
from orch.stores.local import LocalStore


@dataclass(frozen=True, slots=True)
class RunFolder:
    """`run.json`, `records.jsonl`, `logs/<step>.log` and `outputs/<step>/<output>/` of one run.

    The step records are appended as steps end, one line each, so that a run that was killed has them; `run.json` holds
    all of them once the run has ended.
    """

    path: Path

    def create(self) -> None:
        """Raises FileExistsError if there is such a run; git is told to look away from runs and their store."""
        with self.writing():
            files.make_folders(self.path.parent)
            files.make_folder(self.path)
            files.make_folder(self.path / "logs")
            ignored = self.path.parents[1] / ".gitignore"
            if not ignored.exists():
                files.write_atomic(ignored, b"*\n")

    def write_run(self, record: RunRecord) -> None:
        with self.writing():
            files.write_atomic(self.path / RUN_FILE, canonical.dumps(record.to_json()).encode() + b"\n")

    def append_steps(self, records: Iterable[StepRecord]) -> None:
        """Whole lines in one write: a reader, or a kill, meets at most one line without its end."""
        text = "".join(f"{canonical.dumps(record.to_json())}\n" for record in records)
        with self.writing():
            files.append_lines(self.path / STEPS_FILE, text.encode())

    def open_log(self, step: str) -> BinaryIO:
        return files.open_log(self.path / "logs" / f"{step}.log")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A full disk, a folder that is not ours: nothing that a run can mend, and no bug either."""
        try:
            yield
        except FileExistsError:
            raise  # a run of this id, not a place that refuses
        except OSError as error:
            hint = "make room there, or make it a folder that may be written to"
            raise StoreError(f"cannot write to the run's folder {str(self.path)!r}: {error.strerror or error}", hint=hint) from error

    def output(self, step: str, output: str) -> Path:
        return self.path / "outputs" / step / output


@dataclass(frozen=True, slots=True)
class Home:
    """The store that all runs share, and the folders of the runs."""

    path: Path

    @property
    def store(self) -> Path:
        return self.path / "store"

    def run(self, run_id: str) -> RunFolder:
        return RunFolder(self.path / "runs" / run_id)


def lay_out_files(graph: Graph, record: RunRecord, store: LocalStore, folder: RunFolder) -> None:
    """Copy files and folders that nobody reads on, or that are to be kept, to where a person finds them."""
    read = graph.outputs_read
    for step in record.steps:
        for name, artifact in step.outputs.items():
            final = OutputRef(step.step, name) not in read or graph[step.step].settings.keep
            if final and artifact.materializer in materializers.ON_DISK:
                with folder.writing():
                    _lay_out(artifact, store, folder.output(step.step, name))


def _lay_out(artifact: Artifact, store: LocalStore, folder: Path) -> None:
    files.make_folders(folder)
    copied = materializers.load(artifact, store, scratch=folder)
    assert isinstance(copied, Path)
    files.rename(copied, folder / copied.name)
    files.remove_folder(copied.parent)
