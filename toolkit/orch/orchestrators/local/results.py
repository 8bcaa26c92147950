"""The results of earlier runs on this machine, as lines of one file that only schedulers write to.

A line is read when it is asked for. One that is damaged, without its end, or of a newer schema is as good as absent: the
step runs again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from orch import files, locks
from orch.errors import RecordError, StoreError
from orch.model import canonical
from orch.model.index import SCHEMA, Entry, Index

# A line is canonical JSON, so its keys stand in this order. What this finds inside a value is no entry once it is read.
_LINE: Final = re.compile(
    rb'"key":"(?P<key>sha256:[0-9a-f]{64})",(?:"metadata":\{.*\},)?"outputs":\{'
    rb'.*,"pipeline":"(?P<pipeline>\w+)","run":"[^"\\]*","schema":(?P<schema>\d+),"step":"(?P<step>[\w.]+)"\}$'
)

_FEW: Final = 1000  # lines that are read in no time


class StoredIndex(Index):
    """The entries of lines, of which only those are read that a decision needs."""

    def __init__(self, lines: Iterable[bytes] = ()) -> None:
        super().__init__()
        self._lines: dict[tuple[str, str, str], bytes] = {}
        self._of_key: dict[str, tuple[str, str, str]] = {}
        self._of_step: dict[tuple[str, str], tuple[str, str, str]] = {}
        self._count = 0
        for self._count, line in enumerate(lines, 1):
            found = _LINE.search(line)
            if found and int(found["schema"]) <= SCHEMA:
                key, pipeline, step = (found[name].decode() for name in ("key", "pipeline", "step"))
                self._lines.pop((key, pipeline, step), None)  # in the order in which they were made
                self._lines[key, pipeline, step] = line
                self._of_key[key] = self._of_step[pipeline, step] = (key, pipeline, step)

    def get(self, key: str, pipeline: str = "", step: str = "") -> Entry | None:
        own = (key, pipeline, step)
        return self._read(own if own in self._lines else self._of_key.get(key))

    def newest_of(self, pipeline: str, step: str) -> Entry | None:
        return self._read(self._of_step.get((pipeline, step)))

    def of_step(self, pipeline: str, step: str) -> Iterator[Entry]:
        """All that are there of one step, the oldest first."""
        names = (name for name in self._lines if name[1:] == (pipeline, step))
        return (entry for name in names if (entry := self._read(name)))

    def __iter__(self) -> Iterator[Entry]:
        return (entry for name in self._lines if (entry := self._read(name)))

    def __len__(self) -> int:
        return len(self._lines)

    def is_due(self, *, most: int) -> bool:
        """Whether most of its lines would go if the file were compacted, and so many that it is worth it."""
        of_step = Counter((pipeline, step) for _, pipeline, step in self._lines)
        return self._count > _FEW + 2 * sum(min(count, most) for count in of_step.values())

    def _read(self, name: tuple[str, str, str] | None) -> Entry | None:
        if name is None:
            return None
        try:
            entry = Entry.read(self._lines[name])
        except RecordError:
            return None
        return entry if (entry.key, entry.pipeline, entry.step) == name else None


def read_index(file: Path) -> StoredIndex:
    """The index in `file`, empty where there is none."""
    return StoredIndex(read_lines(file))


def read_lines(file: Path) -> list[bytes]:
    """The whole lines of `file`, without their ends; a last one without its end is what a killed writer left."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        hint = "make it a file that may be read, or delete it: the steps run again"
        raise StoreError(f"cannot read the index of results {str(file)!r}: {error.strerror or error}", hint=hint) from error
    return data.split(b"\n")[:-1]


def append(file: Path, entries: Iterable[Entry]) -> None:
    """In one write, so that several runs can append to one file."""
    lines = "".join(f"{canonical.dumps(entry.to_json())}\n" for entry in entries)
    with _writing(file):
        files.make_folders(file.parent)
        with locks.take(_lock(file), shared=True):
            files.append_lines(file, lines.encode())


def compact(file: Path, *, most: int, is_lost: Callable[[Entry], bool] = lambda _: False) -> None:
    """Have the lines that `compacted` gives, and no other."""
    with _writing(file), locks.take(_lock(file)):
        kept = [line for line in compacted(read_lines(file), most=most) if not _is_lost(line, is_lost)]
        files.write_atomic(file, b"".join(line + b"\n" for line in kept))


def name_of(line: bytes) -> tuple[str, str, str] | None:
    """The key, pipeline and step of a line, also of a newer schema, which another version may read; None where it is no entry."""
    found = _LINE.search(line)
    return (found["key"].decode(), found["pipeline"].decode(), found["step"].decode()) if found else None


def drop(file: Path, lines: Container[int]) -> None:
    """Have all lines but those of these numbers, and of what is no line of ours."""
    if not file.is_file():
        return
    with _writing(file), locks.take(_lock(file)):
        before = read_lines(file)
        kept = [line for number, line in enumerate(before) if number not in lines and name_of(line)]
        if kept != before:
            files.write_atomic(file, b"".join(line + b"\n" for line in kept))


def _lock(file: Path) -> Path:
    """Shared by those who append, taken alone by who writes the file anew: what is appended meanwhile would be lost."""
    return file.with_name("lock")


def _is_lost(line: bytes, is_lost: Callable[[Entry], bool]) -> bool:
    try:
        return is_lost(Entry.read(line))
    except RecordError:
        return True


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = "make room there, or make it a file that may be written to"
        raise StoreError(f"cannot write the index of results {str(file)!r}: {error.strerror or error}", hint=hint) from error


def compacted(lines: Iterable[bytes], *, most: int) -> list[bytes]:
    """The lines that count, in their order: of each key and step the last one, and of each step at most the `most` newest."""
    ordered: dict[tuple[bytes, bytes, bytes], bytes] = {}
    for line in lines:
        if found := _LINE.search(line):
            name = (found["key"], found["pipeline"], found["step"])
            ordered.pop(name, None)
            ordered[name] = line
    counts: dict[tuple[bytes, bytes], int] = {}
    kept: list[bytes] = []
    for (_, pipeline, step), line in reversed(ordered.items()):
        counts[pipeline, step] = counts.get((pipeline, step), 0) + 1
        if counts[pipeline, step] <= most:
            kept.append(line)
    return kept[::-1]
