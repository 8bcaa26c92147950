"""Writing files so that a reader sees the old content or the new, never half of one."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

_counter = itertools.count()


def write_atomic(path: str | Path, data: bytes) -> None:
    """Replace `path` in one step. Safe against a killed process, not against a power cut: nothing is synced."""
    temporary = f"{path}.{os.getpid()}-{next(_counter)}.tmp"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644)
        try:
            write_all(descriptor, data)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte, however often the kernel takes only a part: a pipe what it has room for, a file at most 2 GB."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
