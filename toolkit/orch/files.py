"""Every change that a run makes to files, in one module: what is written appears whole or not at all.

Callers write `files.rename(...)`, through the module, so that a test can count the effects and kill the process at each
of them. Safe against a killed process, not against a power cut: nothing is synced. Reading is not here, and neither are
the bytes that go to a file that is only looked at, a step's log, once it is open.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
from pathlib import Path
from typing import Any, BinaryIO, Final

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_APPEND: Final = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_STALE: Final = 600.0  # seconds
_counter = itertools.count()

# --- one effect each ---


def create(path: str | Path, mode: int = 0o644) -> int:
    """The descriptor of a new, empty file; raises FileExistsError rather than touch one that is there."""
    return os.open(path, _NEW, mode)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write every byte, however often the kernel takes only a part: a pipe what it has room for, a file at most 2 GB."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def open_log(path: str | Path) -> BinaryIO:
    """A file to append to, made if need be; what is written to it is not counted as an effect: nothing is ever read back."""
    return open(path, "ab", buffering=0)


def open_lock(path: str | Path) -> int:
    """The descriptor of a file that is there to be locked, made if need be; no program that is started inherits it."""
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)


def rename(source: str | Path, target: str | Path) -> None:
    """In one step; a file at `target` is replaced."""
    os.replace(source, target)


def link(source: str | Path, target: str | Path) -> None:
    os.link(source, target)


def symlink(pointed_at: str, path: str | Path) -> None:
    os.symlink(pointed_at, path)


def unlink(path: str | Path) -> None:
    """Of a file that another process may have removed already."""
    with contextlib.suppress(FileNotFoundError):
        if os.name == "nt":  # a read-only file cannot be deleted there
            os.chmod(path, 0o600)
        os.unlink(path)


def make_read_only(path: str | Path) -> None:
    os.chmod(path, os.stat(path).st_mode & 0o444)


def make_folder(path: str | Path, mode: int = 0o777) -> None:
    """Raises FileExistsError if it is there: it is for one owner."""
    os.mkdir(path, mode)


def make_folders(path: str | Path) -> None:
    """With those above it, as far as they are missing."""
    os.makedirs(path, exist_ok=True)


def remove_folder(path: str | Path) -> None:
    os.rmdir(path)


def copy(source: str | Path, target: str | Path, *, executable: bool = False) -> None:
    """The bytes of `source` as a new file: never over another entry, never through a link."""
    import shutil  # with its archive formats, half of what importing the materializers would cost

    os.close(create(target))
    shutil.copyfile(source, target)
    if executable:
        os.chmod(target, os.stat(target).st_mode | 0o111)  # noqa: S103 - whoever may read it may run it, as at its source


def remove_tree(path: str | Path, *, ignore_errors: bool = False) -> None:
    """A folder and what is in it, as far as it is there; no link is followed."""
    import shutil

    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path, ignore_errors=ignore_errors)


# --- made of those ---


def write_atomic(path: str | Path, data: bytes, *, tidy: bool = False) -> None:
    """Replace `path` in one step: a reader sees the old content or the new, never half of one.

    `tidy` also removes what writers of `path` that were killed have left beside it, where nobody else looks for that.
    """
    temporary = f"{path}.{os.getpid()}-{next(_counter)}.tmp"
    try:
        descriptor = create(temporary)
        try:
            write_all(descriptor, data)
            now = os.fstat(descriptor).st_mtime
        finally:
            os.close(descriptor)
        rename(temporary, path)
    except BaseException:
        unlink(temporary)
        raise
    if tidy:
        _remove_stale(path, now)


def _remove_stale(path: str | Path, now: float) -> None:
    """By the clock of the file system; no living writer takes that long between the two names."""
    folder, name = os.path.split(path)
    for entry in list(os.scandir(folder or ".")):
        middle = entry.name.removeprefix(f"{name}.").removesuffix(".tmp")
        is_ours = entry.name == f"{name}.{middle}.tmp" and middle.replace("-", "").isdecimal()
        if is_ours and entry.stat(follow_symlinks=False).st_mtime < now - _STALE:
            unlink(entry.path)


def overwrite(path: str | Path, data: bytes) -> bool:
    """Put a line in the place of those of a file, padded with spaces, if it is no longer than they are: for that a full disk has room."""
    descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        room = os.fstat(descriptor).st_size - 1
        if len(data) <= room:
            write_all(descriptor, data.ljust(room) + b"\n")
        return len(data) <= room
    finally:
        os.close(descriptor)


def append_lines(path: str | Path, text: bytes) -> None:
    """Whole lines in one write. What a killed writer left of a line is ended first, so that it spoils none of these."""
    descriptor = os.open(path, _APPEND, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        if size:
            os.lseek(descriptor, size - 1, os.SEEK_SET)
            if os.read(descriptor, 1) != b"\n":
                text = b"\n" + text
        write_all(descriptor, text)
    finally:
        os.close(descriptor)


class RawFile(io.RawIOBase):
    """A descriptor to write to, for Python's own buffers; it is closed with the object."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        write_all(self._descriptor, data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            try:
                super().close()
            finally:
                os.close(self._descriptor)
