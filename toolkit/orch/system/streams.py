"""stdout and stderr as a program may find them: closed from the start, or full at the end."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def open_missing() -> None:
    """Put the null device where stdout or stderr is closed, as under some daemons: the next file opened would be in its place."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for as long as Python runs


def drop_unwritten() -> None:
    """Forget what cannot be written any more: Python would try once more as it ends, and change the exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            try:
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            except (OSError, ValueError):
                continue  # no file descriptor, as under a test
