"""Every process that a run of act started, so that none is left behind.

act starts each job step in a session of its own, and when it is stopped it kills the step's shell alone. What the shell
started is found again by a word in its environment, and by its parents: this process becomes the parent of orphans.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

VARIABLE: Final = "ORCH_ACT_RUN"
_PROC: Final = Path("/proc")
_SET_CHILD_SUBREAPER: Final = 36  # prctl(2)
_PATIENCE: Final = 5.0  # seconds for killed processes to be gone


class Family:
    """The processes that are started while `adopting` and carry `environment`, and theirs."""

    def __init__(self) -> None:
        self._word = secrets.token_hex(16)
        self._before: set[int] = set()

    @property
    def environment(self) -> dict[str, str]:
        return {VARIABLE: self._word}

    @contextlib.contextmanager
    def adopting(self) -> Iterator[None]:
        """At the end of the block whatever is left is killed."""
        self._before = children(os.getpid(), parents())
        _become_subreaper(1)
        try:
            yield
        finally:
            self.kill()
            _become_subreaper(0)

    def members(self) -> set[int]:
        table = parents()
        started = children(os.getpid(), table) - self._before
        marked = {pid for pid in table if self._is_marked(pid)} - {os.getpid()}
        return (started | marked).union(*(descendants(pid, table) for pid in started | marked))

    def kill(self) -> None:
        if sys.platform != "win32":  # there the harness said so before anything was started
            until = time.monotonic() + _PATIENCE
            while (left := self.members()) and time.monotonic() < until:
                for pid in left:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, signal.SIGKILL)
                for pid in left:
                    with contextlib.suppress(ChildProcessError):
                        os.waitpid(pid, os.WNOHANG)
                time.sleep(0.005)

    def _is_marked(self, pid: int) -> bool:
        try:
            return f"{VARIABLE}={self._word}".encode() in (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
        except OSError:  # gone, not ours, or no /proc
            return False


def parents() -> dict[int, int]:
    """The parent of every process."""
    if not _PROC.joinpath("self", "stat").exists():
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        return {int(pid): int(parent) for pid, parent in (line.split() for line in listed.splitlines())}
    table: dict[int, int] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # `pid (name) state ppid ...`, and a name may hold anything
                table[int(entry.name)] = int((entry / "stat").read_bytes().rpartition(b")")[2].split()[1])
    return table


def children(pid: int, table: dict[int, int]) -> set[int]:
    return {child for child, parent in table.items() if parent == pid}


def descendants(pid: int, table: dict[int, int]) -> set[int]:
    found: set[int] = set()
    new = {pid}
    while new:
        new = {child for child, parent in table.items() if parent in new} - found
        found |= new
    return found


def _become_subreaper(value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, value, 0, 0, 0)
