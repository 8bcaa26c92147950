"""Where runs and their results are kept on this machine: the one module that knows the layout of `.orch/`.

.orch/
  lock                    shared by every run that goes on, taken alone by `orch gc`
  store/                  the values of all runs, by digest: `orch.stores.local`
  cache/index.jsonl       the results that can be used again
  runs/<run>/             one folder for each run
    lock                  taken while the run goes on
    run.json              its record
    records.jsonl         its steps' records, as they ended
    logs/<step>.log
    outputs/<step>/<output>/
  act/                    the same once more, of the runs of `orch act`
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

from orch import files, locks, materializers
from orch.errors import MaterializationError, RecordError, StoreError, Where
from orch.model.artifacts import Artifact
from orch.model.fan import step_of
from orch.model.graph import Graph, OutputRef
from orch.model.records import StepRecord, newest
from orch.model.runs import RunRecord
from orch.names import RUN_FILE, STEPS_FILE
from orch.stores.local import LocalStore

# What a writer puts together before it gives it its name; hidden, and of no use once its writer is gone.
ASIDE: Final = ".writing"
_HOME: Final = ".orch"
_LOCK: Final = "lock"
_ROOM: Final = 1000  # bytes
_LONGEST: Final = 200  # characters of an error, where there is no more room


@dataclass(frozen=True, slots=True)
class RunFolder:
    """What one run leaves behind.

    The step records are appended as steps end, one line each, so that a run that was killed has them; `run.json` holds
    all of them once the run has ended.
    """

    path: Path

    @property
    def run_id(self) -> str:
        return self.path.name

    # --- written by the run ---

    def create(self) -> None:
        """Raises FileExistsError if there is such a run; git is told to look away from runs and their store."""
        with self.writing():
            files.make_folders(self.path.parent)
            files.make_folder(self.path)
            ignored = self.path.parents[1] / ".gitignore"
            if not ignored.exists():
                files.write_atomic(ignored, b"*\n")

    def write_run(self, record: RunRecord) -> None:
        """While the run goes on, with room for the words that end it on a full disk."""
        room = "" if record.state.has_ended else " " * _ROOM
        data = f"{record.text}{room}\n".encode()
        with self.writing():
            files.write_atomic(self.path / RUN_FILE, data)

    def break_off(self, record: RunRecord) -> None:
        """The record of a run that an error ends; where there is no room for it, without the steps, which have a file of their own."""
        try:
            self.write_run(record)
        except StoreError:  # which is what has ended the run, as likely as not
            failure = record.failure and replace(record.failure, message=record.failure.message[:_LONGEST])
            least = replace(record, steps=(), failure=failure)
            with suppress(OSError):
                files.overwrite(self.path / RUN_FILE, least.text.encode())

    def append_steps(self, records: Iterable[StepRecord]) -> None:
        """Whole lines in one write: a reader, or a kill, meets at most one line without its end."""
        text = "".join(f"{record.text}\n" for record in records)
        with self.writing():
            files.append_lines(self.path / STEPS_FILE, text.encode())

    def open_log(self, step: str) -> BinaryIO:
        try:
            return files.open_log(self.log(step))
        except FileNotFoundError:
            files.make_folders(self.log(step).parent)
            return files.open_log(self.log(step))

    def log(self, step: str) -> Path:
        return self.path / "logs" / f"{step}.log"

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

    # --- read by others ---

    @property
    def has_begun(self) -> bool:
        """False of what a run leaves that was killed before its first words: there is nothing to tell."""
        return any((self.path / name).exists() for name in (RUN_FILE, STEPS_FILE, "logs"))

    @property
    def is_going_on(self) -> bool:
        """Whether the process of this run lives, whatever its record says."""
        return locks.is_taken(self.path / _LOCK)

    def read(self) -> RunRecord:
        """The record; of a run that has not ended, or was killed, with the steps that have. Raises RecordError."""
        where = Where(str(self.path / RUN_FILE))
        try:
            record = RunRecord.read((self.path / RUN_FILE).read_bytes())
            return record if record.state.has_ended and record.steps else replace(record, steps=self._steps_so_far())
        except RecordError as error:
            raise RecordError(error.message, hint=error.hint, where=where) from error
        except OSError as error:
            raise RecordError(f"this run's record cannot be read: {error.strerror}", where=where) from error

    def _steps_so_far(self) -> tuple[StepRecord, ...]:
        """The last line may lack its end; a step may be told of twice."""
        file = self.path / STEPS_FILE
        lines = file.read_bytes().splitlines(keepends=True) if file.is_file() else []
        return tuple(newest(StepRecord.read(line) for line in lines if line.endswith(b"\n")).values())

    def logs(self, record: RunRecord) -> dict[str, Path]:
        """The log file of each step that wrote one, in the order of the record."""
        found = {file.stem: file for file in sorted((self.path / "logs").glob("*.log")) if file.is_file() and not file.is_symlink()}
        order = {step.step: number for number, step in enumerate(record.steps)}
        return dict(sorted(found.items(), key=lambda item: order.get(item[0], len(order))))


@dataclass(frozen=True, slots=True)
class Home:
    """The store that all runs share, and the folders of the runs. Nothing in it may lead out of `root`."""

    path: Path
    root: Path

    @classmethod
    def of(cls, git_root: Path) -> Home:
        """Of the runs of `orch run` in a repository."""
        return cls(git_root / _HOME, git_root)

    @classmethod
    def of_act(cls, git_root: Path) -> Home:
        """Of the runs of `orch act` in a repository."""
        return cls(git_root / _HOME / "act", git_root)

    @classmethod
    def at(cls, path: Path, git_root: Path) -> Home:
        """Wherever one was told to have it, as in a job."""
        return cls(path, git_root if path.is_relative_to(git_root) else path.parent)

    @property
    def store(self) -> Path:
        return self.path / "store"

    @property
    def index(self) -> Path:
        return self.path / "cache" / "index.jsonl"

    @property
    def runs(self) -> Path:
        return self.path / "runs"

    def run(self, run_id: str) -> RunFolder:
        return RunFolder(self.runs / run_id)

    def folders(self) -> list[RunFolder]:
        """Of all runs, and of those that have not begun, by name; a link to somewhere else is none."""
        found = sorted(folder for folder in self.runs.glob("*") if not folder.name.startswith("."))
        return [RunFolder(folder) for folder in found if folder.is_dir() and not folder.is_symlink()]

    @contextmanager
    def running(self, run_id: str) -> Iterator[RunFolder]:
        """A new run's folder, and the locks that say that the run goes on. Raises FileExistsError if there is such a run."""
        with self.in_use():
            folder = self.run(run_id)
            folder.create()
            with folder.writing():
                own = locks.take(folder.path / _LOCK)
            with own:
                yield folder

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Nothing that is kept here goes away meanwhile; waits for an `orch gc` that is at work."""
        self.check()
        self._check_links(self.store / "objects")
        try:
            files.make_folders(self.path)
            lock = locks.take(self.path / _LOCK, shared=True)
        except OSError as error:
            hint = "make room there, or make it a folder that may be written to"
            raise StoreError(f"cannot write to {str(self.path)!r}, where runs are kept: {error.strerror or error}", hint=hint) from error
        with lock:
            yield

    def alone(self) -> locks.Lock | None:
        """The lock of `orch gc`: while it is held no run starts. None if a run goes on."""
        return locks.try_take(self.path / _LOCK)

    def check(self) -> None:
        """Raise where what is there is no folder, or would have us write, and delete, somewhere else: a repository may bring links."""
        above = [path for path in self.path.parents if path != self.root and path.is_relative_to(self.root)]
        for path in (*above, self.path, self.store, self.store / "objects", self.index.parent, self.runs):
            if path.is_symlink() and not path.resolve().is_relative_to(self.root.resolve()):
                message = f"{str(path)!r} is a link that leads out of the repository, to {str(path.resolve())!r}"
                raise StoreError(message, hint=f"remove the link; to use another disk, mount it at {str(path)!r}")
            if path.exists() and not path.is_dir():
                raise StoreError(f"{str(path)!r} is not a folder, and runs are kept in it", hint="move it away")
        self._check_links(self.path, only=_LOCK)
        self._check_links(self.index.parent)

    def _check_links(self, folder: Path, *, only: str = "") -> None:
        """Raise where something in `folder` that is written to is a link, wherever it leads: all of it is ours."""
        try:
            links = [entry.name for entry in os.scandir(folder) if entry.is_symlink() and only in ("", entry.name)]
        except OSError:  # there is no such folder; or whoever writes there will say why not
            return
        if links:
            path = folder / min(links)
            raise StoreError(f"{str(path)!r} is a link, to {str(path.readlink())!r}, and would be written to", hint="remove the link")


def laid_out(graph: Graph, records: Iterable[StepRecord]) -> dict[str, Artifact]:
    """By `step.output`, the files and folders that nobody reads on, or that are to be kept: a person finds them in the run's folder."""
    read = graph.outputs_read

    def is_wanted(step: str, output: str) -> bool:
        return OutputRef(step, output) not in read or graph[step].settings.keep

    return {
        f"{record.step}.{name}": artifact
        for record in records
        for name, artifact in record.outputs.items()
        if artifact.materializer in materializers.ON_DISK and is_wanted(step_of(record.step), name)
    }


def lay_out_files(graph: Graph, record: RunRecord, store: LocalStore, folder: RunFolder) -> None:
    """Copy what is `laid_out` to where it is."""
    for name, artifact in laid_out(graph, record.steps).items():
        step, _, output = name.rpartition(".")
        with folder.writing():
            _lay_out(artifact, store, folder, folder.output(step, output))


def _lay_out(artifact: Artifact, store: LocalStore, folder: RunFolder, target: Path) -> None:
    """Whole or not at all: who looks while the run goes on, or after a kill, finds no half of a file."""
    aside = folder.path / ASIDE
    try:
        copied = materializers.load(artifact, store, scratch=aside)
    except MaterializationError as error:
        if isinstance(error.__cause__, OSError):  # the disk's fault, and not the artifact's
            raise error.__cause__ from None
        raise
    assert isinstance(copied, Path)
    files.make_folders(target.parent)
    files.rename(copied.parent, target)
    files.remove_folder(aside)
