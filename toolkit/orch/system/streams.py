"""stdout and stderr as a program may find them, closed from the start or full at the end; and both as one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import TextIO


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


@contextmanager
def joined(stream: TextIO) -> Iterator[None]:
    """Whatever is written to stdout and stderr meanwhile, by Python, by libraries and by other programs, goes to `stream`."""
    try:
        target = stream.fileno()
    except (OSError, ValueError):  # no file descriptor, as under a test
        target = -1
    with redirect_stdout(stream), redirect_stderr(stream), _descriptors_joined(target):
        yield


@contextmanager
def _descriptors_joined(target: int) -> Iterator[None]:
    _flush()
    kept = {number: os.dup(number) for number in (1, 2) if target not in (-1, number)}
    for number in kept:
        os.dup2(target, number)
    try:
        yield
    finally:
        _flush()
        for number, copy in kept.items():
            os.dup2(copy, number)
            os.close(copy)


def _flush() -> None:
    """What Python holds back belongs to where the descriptors lead now."""
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()
