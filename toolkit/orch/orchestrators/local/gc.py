"""Collecting what kept runs and results do not need: look, choose (`garbage`), then delete; and the litter of killed writers.

Who deletes must know what is needed, also by a run that goes on and has not said so yet: it may have stored a value that
no record names, or found in the store what it would have stored. So objects and results go only while no run does: every
run shares the home's lock, which is taken alone here, and a run that starts meanwhile waits. Where a run goes on, the
folders of others can go all the same; their objects go the next time. A kill in the middle loses nothing that is kept:
a run's folder is renamed before it is emptied, and a result whose objects are gone is no result. The index is written last,
because that takes room, and a full disk is when one collects.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from orch import files
from orch.errors import RecordError, StoreError
from orch.names import RUN_FILE, STEPS_FILE
from orch.orchestrators.local import away, results
from orch.orchestrators.local.garbage import Found, Garbage, Limits, Result, Run, choose
from orch.orchestrators.local.home import ASIDE, Home, RunFolder
from orch.stores.local import ASIDE as STORE_ASIDE
from orch.stores.local import object_file, stored_objects

REMOVING: Final = ".removing-"
_DIGEST: Final = re.compile(rb"sha256:[0-9a-f]{64}")
_ENDED: Final = re.compile(rb'"ended":"([^"\\]*)"')
_KEY: Final = re.compile(rb'"key":"(sha256:[0-9a-f]{64})"')
# What facts name: documents, and through them the sources that were in use.
_DOCUMENT: Final = re.compile(rb'"(?:code|packages|texts)":"(sha256:[0-9a-f]{64})"')


@dataclass(frozen=True, slots=True)
class Collected:
    """What went, or would go. `waiting` bytes of objects stay because of the runs that are `going_on`."""

    runs: tuple[str, ...]
    results: int
    objects: int
    leftovers: int
    freed: int
    kept_runs: int
    kept: int
    waiting: int
    going_on: tuple[str, ...]
    containers: tuple[str, ...] = ()  # of killed runs, which stay because their engine does not answer


def collect(homes: Mapping[str, Home], limits: Limits, now: float, *, dry_run: bool = False) -> Collected:
    """Delete by `limits`, or with `dry_run` only say what would go; each home has a prefix for the names of its runs.

    Raises StoreError where it cannot be known what is needed, or cannot be deleted.
    """
    with ExitStack() as held:
        places = [_Place(prefix, home, held) for prefix, home in homes.items() if _is_there(home)]
        with _deleting(", ".join(str(place.home.path) for place in places)):
            found = [place.look() for place in places]
            everything = Found(
                tuple(run for each in found for run in each.runs),
                tuple(result for each in found for result in each.results),
                {digest: size for each in found for digest, size in each.objects.items()},
            )
            garbage = choose(everything, limits, now)
            leftovers = {place: list(place.leftovers(each.runs)) for place, each in zip(places, found, strict=True)}
            collected = _count(everything, garbage, places, sum(_size(path) for paths in leftovers.values() for path in paths))
            stuck: list[str] = []
            if not dry_run:
                for place in places:
                    stuck += place.delete(garbage, leftovers[place])
    return replace(collected, leftovers=sum(map(len, leftovers.values())) - len(stuck), containers=tuple(stuck))


def _is_there(home: Home) -> bool:
    home.check()
    return home.path.is_dir()


def _count(found: Found, garbage: Garbage, places: Iterable[_Place], leftovers: int) -> Collected:
    alone = tuple(place.prefix for place in places if place.is_alone)
    kept = [run for run in found.runs if run.run not in garbage.runs]
    going = {digest: found.objects[digest] for digest in garbage.objects}
    freed = {digest: size for digest, size in going.items() if _prefix(digest) in alone}
    return Collected(
        runs=tuple(sorted(garbage.runs)),
        results=sum(prefix in alone for prefix, _ in garbage.results),
        objects=len(freed),
        leftovers=0,
        freed=sum(run.size for run in found.runs if run.run in garbage.runs) + sum(freed.values()) + leftovers,
        kept_runs=len(kept),
        kept=sum(run.size for run in kept) + sum(found.objects.values()) - sum(freed.values()),
        waiting=sum(going.values()) - sum(freed.values()),
        going_on=tuple(run.run for run in kept if run.is_going_on),
    )


def _prefix(name: str) -> str:
    return name[: name.rfind("sha256:")]


@contextmanager
def _deleting(place: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = "make it readable and writable for you, and run `orch gc` again"
        raise StoreError(f"cannot clean up {place!r}: {error.filename!r}: {error.strerror or error}", hint=hint) from error


class _Place:
    """One home, for as long as `held` is open alone if no run goes on there."""

    def __init__(self, prefix: str, home: Home, held: ExitStack) -> None:
        self.prefix = prefix
        self.home = home
        with _deleting(str(home.path)):
            lock = home.alone()
        if lock:
            held.enter_context(lock)
            if not lock.is_real:
                message = f"the file system of {str(home.path)!r} has no locks, so that nobody can tell whether a run goes on"
                raise StoreError(message, hint=f"make sure that none does, and delete folders in {str(home.runs)!r}")
        self.is_alone = lock is not None
        self._documents: dict[str, frozenset[str]] = {}

    # --- look ---

    def look(self) -> Found:
        lines = results.read_lines(self.home.index)
        found = (self._result(number, line) for number, line in enumerate(lines))
        return Found(
            tuple(self._run(folder) for folder in self.home.folders() if folder.has_begun or not self.is_alone),
            tuple(result for result in found if result),
            {f"{self.prefix}{digest}": size for digest, size in stored_objects(self.home.store)},
        )

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
            f"{self.prefix}{folder.run_id}",
            f"{self.prefix}{pipeline}",
            folder.path.stat().st_mtime if when is None else when,
            _size(folder.path),
            self._needs(text),
            frozenset(f"{self.prefix}{found.decode()}" for found in _KEY.findall(text)),
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
        key = f"{self.prefix}{name[0]}"
        return Result((self.prefix, number), (self.prefix, *name), key, 0.0 if when is None else when, self._needs(line))

    def _needs(self, text: bytes) -> frozenset[str]:
        needs = {found.decode() for found in _DIGEST.findall(text)}
        for document in {found.decode() for found in _DOCUMENT.findall(text)}:
            if document not in self._documents:
                content = _read(object_file(self.home.store, document))
                self._documents[document] = frozenset(found.decode() for found in _DIGEST.findall(content))
            needs |= self._documents[document]
        return frozenset(f"{self.prefix}{digest}" for digest in needs)

    def leftovers(self, runs: Iterable[Run]) -> Iterator[Path]:
        """What writers that are gone have left; of a home in use only what lies in the folders of runs that are not going on."""
        for run in runs:
            if not run.is_going_on:
                folder = self.home.run(run.run.removeprefix(self.prefix))
                yield from (*folder.path.glob(f"{ASIDE}*"), *folder.path.glob("*.tmp"), *self._scratch(folder))
                yield from (*folder.path.glob(away.DELIVERY), *folder.path.glob(f"{away.HANDLES}/*.json"))
        yield from self.home.runs.glob(f"{REMOVING}*")
        if self.is_alone:
            yield from (folder.path for folder in self.home.folders() if not folder.has_begun)
            yield from self.home.store.glob(f"{STORE_ASIDE}*")
            for place in (self.home.path, self.home.index.parent):
                yield from place.glob("*.tmp")

    def _scratch(self, folder: RunFolder) -> Iterator[Path]:
        """The folders that the steps of a killed run worked in, where anybody may make folders of such names."""
        for found in Path(tempfile.gettempdir()).glob(f"orch-step-{folder.run_id}-*"):
            if found.lstat().st_uid == folder.path.stat().st_uid and not found.is_symlink():
                yield found

    # --- delete ---

    def delete(self, garbage: Garbage, leftovers: Sequence[Path]) -> list[str]:
        """The names of containers that stay, and with them the folders of their runs, which are all that is known of them."""
        waiting = {path.parents[1] for path in leftovers if path.parent.name == away.HANDLES}
        stuck = {folder: names for folder in sorted(waiting) if (names := away.sweep(RunFolder(folder)))}
        leftovers = [path for path in leftovers if path.parent.name != away.HANDLES]
        for run in self.home.folders():
            if f"{self.prefix}{run.run_id}" in garbage.runs and run.path not in stuck:
                aside = run.path.with_name(f"{REMOVING}{run.run_id}")
                files.remove_tree(aside)
                files.rename(run.path, aside)
                files.remove_tree(aside)
        if self.is_alone:
            for digest in sorted(digest for digest in garbage.objects if _prefix(digest) == self.prefix):
                files.unlink(object_file(self.home.store, digest.removeprefix(self.prefix)))
        for path in leftovers:
            if path.is_dir() and not path.is_symlink():
                files.remove_tree(path)
            else:
                files.unlink(path)
        if self.is_alone:
            results.drop(self.home.index, {number for prefix, number in garbage.results if prefix == self.prefix})
        return [name for names in stuck.values() for name in names]


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
