"""Collecting what kept runs and results do not need: look, choose (`garbage`), then delete; and the litter of killed writers.

Who deletes must know what is needed, also by a run that goes on and has not said so yet: it may have stored a value that
no record names, or found in the store what it would have stored. So objects and results go only while no run does: every
run shares the home's lock, which is taken alone here, and a run that starts meanwhile waits. Where a run goes on, the
folders of others can go all the same; their objects go the next time. A kill in the middle loses nothing that is kept:
results go before the objects that they name, and a run's folder is renamed before it is emptied.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from orch import files
from orch.errors import RecordError, StoreError
from orch.names import RUN_FILE, STEPS_FILE
from orch.orchestrators.local import results
from orch.orchestrators.local.garbage import Found, Garbage, Limits, Result, Run, choose
from orch.orchestrators.local.home import ASIDE, Home, RunFolder
from orch.stores.local import ASIDE as STORE_ASIDE
from orch.stores.local import stored_objects

REMOVING: Final = ".removing-"
_DIGEST: Final = re.compile(rb"sha256:[0-9a-f]{64}")
_ENDED: Final = re.compile(rb'"ended":"([^"\\]*)"')
_KEY: Final = re.compile(rb'"key":"(sha256:[0-9a-f]{64})"')
# What facts name: documents, and through them the sources that were in use.
_DOCUMENT: Final = re.compile(rb'"(?:code|packages|texts)":"(sha256:[0-9a-f]{64})"')


@dataclass(frozen=True, slots=True)
class Collected:
    """What went, or would go. `waiting` bytes of objects stay because of the runs that are `going_on`."""

    runs: tuple[str, ...] = ()
    results: int = 0
    objects: int = 0
    leftovers: int = 0
    freed: int = 0
    kept_runs: int = 0
    kept: int = 0
    waiting: int = 0
    going_on: tuple[str, ...] = ()

    def __add__(self, other: Collected) -> Collected:
        return Collected(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


def collect(home: Home, limits: Limits, now: float, *, dry_run: bool = False) -> Collected:
    """Delete by `limits` in one home; with `dry_run` only say what would go. Raises StoreError where it cannot be known or done."""
    home.check()
    if not home.path.is_dir():
        return Collected()
    with _deleting(home.path):
        lock = home.alone()
        try:
            if lock and not lock.is_real:
                message = f"the file system of {str(home.path)!r} has no locks, so that nobody can tell whether a run goes on"
                raise StoreError(message, hint=f"make sure that none does, and delete folders in {str(home.runs)!r}")
            return _Collection(home, is_alone=lock is not None).collect(limits, now, dry_run=dry_run)
        finally:
            if lock:
                lock.close()


@contextmanager
def _deleting(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = "make it readable and writable for you, and run `orch gc` again"
        raise StoreError(f"cannot clean up {str(home)!r}: {error.filename!r}: {error.strerror or error}", hint=hint) from error


@dataclass
class _Collection:
    home: Home
    is_alone: bool
    _documents: dict[str, frozenset[str]] = field(default_factory=dict)

    def collect(self, limits: Limits, now: float, *, dry_run: bool) -> Collected:
        found = self.look()
        garbage = choose(found, limits, now)
        leftovers = list(self.leftovers(found))
        freed = sum(run.size for run in found.runs if run.run in garbage.runs) + sum(_size(path) for path in leftovers)
        objects = sum(found.objects[digest] for digest in garbage.objects)
        kept = [run for run in found.runs if run.run not in garbage.runs]
        if not dry_run:
            self.delete(garbage, leftovers)
        return Collected(
            runs=tuple(sorted(garbage.runs)),
            results=len(garbage.results) if self.is_alone else 0,
            objects=len(garbage.objects) if self.is_alone else 0,
            leftovers=len(leftovers),
            freed=freed + (objects if self.is_alone else 0),
            kept_runs=len(kept),
            kept=sum(run.size for run in kept) + sum(found.objects.values()) - (objects if self.is_alone else 0),
            waiting=0 if self.is_alone else objects,
            going_on=tuple(run.run for run in found.runs if run.is_going_on),
        )

    # --- look ---

    def look(self) -> Found:
        lines = results.read_lines(self.home.index)
        found = (self._result(number, line) for number, line in enumerate(lines))
        runs = tuple(self._run(folder) for folder in self.home.folders())
        return Found(runs, tuple(result for result in found if result), dict(stored_objects(self.home.store)))

    def _run(self, folder: RunFolder) -> Run:
        """What the records need is read from their text: that also holds for a damaged one, or one of a newer version."""
        text = b"".join(_read(folder.path / name) for name in (RUN_FILE, STEPS_FILE))
        pipeline, when, has_ended = "", None, False
        try:
            record = folder.read()
        except RecordError:
            is_known = False
        else:
            is_known = True
            pipeline, when, has_ended = record.info.pipeline, _seconds(record.info.started), record.state.has_ended
        return Run(
            folder.run_id,
            pipeline,
            folder.path.stat().st_mtime if when is None else when,
            _size(folder.path),
            self._needs(text),
            frozenset(found.decode() for found in _KEY.findall(text)),
            # A run that has just started has neither its lock nor its record yet.
            is_going_on=folder.is_going_on or not (is_known or self.is_alone),
            has_ended=has_ended,
        )

    def _result(self, number: int, line: bytes) -> Result | None:
        name = results.name_of(line)
        if name is None:
            return None
        ended = _ENDED.search(line)
        when = _seconds(ended[1].decode()) if ended else None
        return Result(number, name, name[0], 0.0 if when is None else when, self._needs(line))

    def _needs(self, text: bytes) -> frozenset[str]:
        needs = {found.decode() for found in _DIGEST.findall(text)}
        for document in {found.decode() for found in _DOCUMENT.findall(text)}:
            if document not in self._documents:
                content = _read(self.home.store / "objects" / document[7:9] / document[9:])
                self._documents[document] = frozenset(found.decode() for found in _DIGEST.findall(content))
            needs |= self._documents[document]
        return frozenset(needs)

    def leftovers(self, found: Found) -> Iterator[Path]:
        """What writers that are gone have left; of a home in use only what lies in the folders of runs that are not going on."""
        ended = [run.run for run in found.runs if not run.is_going_on]
        for run in ended:
            folder = self.home.run(run).path
            yield from (path for path in (*folder.glob(f"{ASIDE}*"), *folder.glob("*.tmp")))
            yield from _scratch(run)
        yield from self.home.runs.glob(f"{REMOVING}*")
        if self.is_alone:
            yield from self.home.store.glob(f"{STORE_ASIDE}*")
            for folder in (self.home.path, self.home.index.parent):
                yield from folder.glob("*.tmp")

    # --- delete ---

    def delete(self, garbage: Garbage, leftovers: Iterable[Path]) -> None:
        if self.is_alone:
            results.drop(self.home.index, garbage.results)
        for run in sorted(garbage.runs):
            folder = self.home.run(run).path
            aside = folder.with_name(f"{REMOVING}{run}")
            files.remove_tree(aside)
            files.rename(folder, aside)
            files.remove_tree(aside)
        if self.is_alone:
            for digest in sorted(garbage.objects):
                files.unlink(self.home.store / "objects" / digest[7:9] / digest[9:])
        for path in leftovers:
            if path.is_dir() and not path.is_symlink():
                files.remove_tree(path)
            else:
                files.unlink(path)


def _scratch(run: str) -> Iterator[Path]:
    """The folders that the steps of a killed run worked in."""
    for folder in Path(tempfile.gettempdir()).glob(f"orch-step-{run}-*"):
        if not folder.is_symlink() and folder.stat().st_uid == os.getuid():
            yield folder


def _size(path: Path) -> int:
    """Of a file, or of all files in a folder; what goes away meanwhile is none."""
    with suppress(OSError):
        if path.is_symlink() or not path.is_dir():
            return path.lstat().st_size
        return sum(_size(Path(entry.path)) for entry in os.scandir(path))
    return 0


def _read(path: Path) -> bytes:
    with suppress(OSError):
        return path.read_bytes()
    return b""


def _seconds(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None
