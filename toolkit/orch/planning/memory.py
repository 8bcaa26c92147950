"""What was learnt of files, kept between runs, so that a file that did not change is not read again.

It only saves time: one that is damaged, of another version or of another machine is as good as none. A file counts as
unchanged if its size, times and inode are what they were, and if it was not written so shortly before it was read that
the clock of its file system could not have told a later write apart (what git calls racy): such a file is read again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import orch
from orch import files
from orch.model import canonical
from orch.model.canonical import Json
from orch.planning.key import ALGORITHM
from orch.planning.source import Source, Unit, digest_of_bytes, opaque_source, source_from_json, units_from_json

SCHEMA: Final = 1
_GRAIN: Final = 2_000_000_000  # nanoseconds: the coarsest clock of a file system in use is FAT's
_MOST: Final = 20_000  # files
_DIGEST, _SOURCE, _UNITS = 1, 2, 3  # places in an entry; statements only of files that they were asked of
_UNREADABLE: Final = digest_of_bytes(b"a file that cannot be read")
T = TypeVar("T")


class Memory:
    """With `path=None` everything is learnt anew. `now` is in nanoseconds since 1970."""

    def __init__(self, path: Path | None, *, now: Callable[[], int] = time.time_ns) -> None:
        self._path = path
        self._began = now()
        self._tick = time.monotonic_ns()
        self._before: dict[str, Json] = {}  # by file: its state, the digest of its bytes, what it says
        self._limit = 0
        self._after: dict[str, Json] = {}
        self._sources: dict[str, Source] = {}
        self._units: dict[str, Sequence[Unit]] = {}
        self._is_changed = False
        self.packages: Json = None
        if path is not None:
            self._load(path)

    def source(self, path: str) -> Source:
        """What a module's file says."""
        known = self._sources.get(path)
        if known is None:
            known = self._sources[path] = self._remembered(path, _SOURCE, source_from_json) or self._read(path)
        return known

    def units(self, path: str) -> Sequence[Unit]:
        """Statement by statement."""
        found = self._units.get(path)
        if found is None:
            found = self._units[path] = self._remembered(path, _UNITS, units_from_json) or ()
        if not found:
            self._sources[path] = self._read(path)
            found = self._units[path]
        entry = self._after.get(path)
        if entry is not None and entry[_UNITS] is None:
            self._note(path, [*entry[:_UNITS], found])
        return found

    def digest(self, path: str) -> str:
        """That of a file's bytes; raises OSError."""
        entry, state = self._look(path)
        if entry is None:
            with open(path, "rb") as file:
                digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
            entry = self._note(path, [state, digest, None, None])
        known: str = entry[_DIGEST]
        return known

    def _remembered(self, path: str, place: int, from_json: Callable[[list[Any]], T]) -> T | None:
        """Of a file that did not change, or has the bytes that it had."""
        try:
            entry, state = self._look(path)
            if entry is None and (before := self._before.get(path)) is not None and path.endswith(".py"):
                with open(path, "rb") as file:
                    if digest_of_bytes(file.read()) == before[_DIGEST]:
                        entry = self._note(path, [state, *before[_DIGEST:]])
            return from_json(entry[place]) if entry is not None and entry[place] is not None else None
        except (OSError, TypeError, ValueError, AttributeError, IndexError):
            return None

    def _read(self, path: str) -> Source:
        from orch.planning.read_source import read_source  # not asked for where nothing has changed

        try:
            if not path.endswith(".py"):
                self._units[path] = ()
                return opaque_source(self.digest(path))
            _, state = self._look(path)
            with open(path, "rb") as file:
                source, self._units[path] = read_source(file.read())
        except OSError:  # the import fails, too
            self._units[path] = ()
            return opaque_source(_UNREADABLE)
        self._note(path, [state, source.text, source, None])
        return source

    def _look(self, path: str) -> tuple[Json, list[int]]:
        """The entry of a file that did not change, and the file's state; raises OSError."""
        status = os.stat(path)
        state = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev]
        if path in self._after:
            return self._after[path], state
        entry = self._before.get(path)
        if entry is None or entry[0] != state or not self._is_settled(state):
            return None, state
        self._after[path] = entry
        return entry, state

    def _is_settled(self, state: list[int]) -> bool:
        return max(state[1], state[2]) + _GRAIN < self._limit

    def _note(self, path: str, entry: Json) -> Json:
        self._after[path] = entry
        self._is_changed = True
        return entry

    # --- the file ---

    def _load(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                written = os.fstat(file.fileno()).st_mtime_ns
                digest, _, text = file.read().partition(b"\n")
            if digest != digest_of_bytes(text).encode():
                return
            data: Any = canonical.loads(text)
            if data["made_by"] != _made_by():
                return
            # Both this machine's clock and that of the file system must say that time has passed.
            self._limit = min(data["began"], written - data["took"])
            self._before = {file: entry for file, entry in data["files"].items() if _is_entry(entry)}
            self.packages = data["packages"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return

    def save(self) -> None:
        """What was learnt since; files that were not asked about are kept as long as there are not too many."""
        if self._path is None or not (self._is_changed or self._packages_changed):
            return
        others = {path: entry for path, entry in self._before.items() if path not in self._after and self._is_settled(entry[0])}
        known = self._after | others if len(others) + len(self._after) <= _MOST else self._after
        data = {
            "made_by": _made_by(),
            "began": self._began,
            "took": time.monotonic_ns() - self._tick,
            "files": known,
            "packages": self.packages,
        }
        text = json.dumps(data, separators=(",", ":")).encode()  # in ASCII: paths need not be UTF-8
        try:
            files.make_folders(self._path.parent)
            files.write_atomic(self._path, digest_of_bytes(text).encode() + b"\n" + text)
        except OSError:  # a folder that cannot be written to, a full disk: the next run learns it anew
            return

    _packages_changed = False

    def keep_packages(self, packages: Json) -> None:
        self.packages = packages
        self._packages_changed = True


def _is_entry(entry: Json) -> bool:
    match entry:
        case [[int(), int(), int(), int(), int()], str(), list() | None, list() | None]:
            return True
        case _:
            return False


def _made_by() -> Json:
    return [SCHEMA, ALGORITHM, orch.__version__, sys.implementation.cache_tag]
