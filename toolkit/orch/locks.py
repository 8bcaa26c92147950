"""Locks that the operating system gives back when their process ends, however it ends.

A lock is on a file that is there for nothing else; what is in the file does not matter. Several processes may share one,
or one process has it alone.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final, Self

from orch import files, system

# What a file system without locks says, as some network file systems are.
_NO_LOCKS: Final = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}


class Lock:
    """Held until `close`, or until this process ends. `is_real` is False where the file system has no locks."""

    def __init__(self, descriptor: int, *, is_real: bool = True) -> None:
        self._descriptor: int | None = descriptor
        self.is_real = is_real

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def take(path: str | Path, *, shared: bool = False) -> Lock:
    """The lock on `path`, whose file is made if need be, as soon as nobody else is in the way."""
    lock = _take(path, shared=shared, wait=True)
    assert lock, "it waited"
    return lock


def try_take(path: str | Path, *, shared: bool = False) -> Lock | None:
    """The lock on `path`, or None if somebody else is in the way."""
    return _take(path, shared=shared, wait=False)


def _take(path: str | Path, *, shared: bool, wait: bool) -> Lock | None:
    descriptor = files.open_lock(path)
    try:
        if system.lock(descriptor, shared=shared, wait=wait):
            return Lock(descriptor)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return Lock(descriptor, is_real=False)
        os.close(descriptor)
        raise
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def is_taken(path: str | Path) -> bool:
    """Whether a living process has `path` for itself alone. Changes nothing, so it may be asked of a folder that is read-only."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        return False
    try:
        return not system.lock(descriptor, shared=True, wait=False)
    except OSError as error:
        return error.errno in _NO_LOCKS  # nobody can tell: then it is better left alone
    finally:
        os.close(descriptor)
