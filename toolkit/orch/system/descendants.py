"""The processes that a step started, also those that left its process group: found by their parents, and by a word in their environment.

Where there is no `/proc`, none is found, and the group is all that can be ended.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

_PROC: Final = Path("/proc")


class Found(NamedTuple):
    """`started` tells a process from a later one that was given its number."""

    pid: int
    started: str


def started_by(root: int | None, mark: str, proc: Path = _PROC) -> set[Found]:
    """`root` itself, everything below it, and everything whose environment holds `mark`, with what is below that.

    What is in neither set: a process that cut itself off from its parents (they have ended) and has an environment of its own.
    """
    parents: dict[int, int] = {}
    found: dict[int, Found] = {}
    for entry in _numbers(proc):
        with suppress(OSError, ValueError, IndexError):  # it has ended meanwhile
            # The name of the program may hold spaces and brackets: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
            fields = (proc / entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            parents[int(entry)] = int(fields[1])
            found[int(entry)] = Found(int(entry), fields[19])
    wanted = {pid for pid in found if pid == root or _is_marked(proc / str(pid) / "environ", mark.encode())}
    children: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        children.setdefault(parent, []).append(pid)
    waiting = list(wanted)
    while waiting:
        below = [pid for pid in children.get(waiting.pop(), ()) if pid not in wanted]
        wanted.update(below)
        waiting += below
    return {found[pid] for pid in wanted}


def kill_all(root: int | None, mark: str, known: Iterable[Found] = ()) -> None:
    """Stop, then kill: what stands still starts nothing while the rest is looked for. `known` were found before."""
    stopped: set[Found] = set()
    while found := (started_by(root, mark) | set(known)) - stopped:
        for process in found:
            _signal(process, signal.SIGSTOP)
        stopped |= found
    for process in stopped:
        _signal(process, signal.SIGKILL)


def _numbers(proc: Path) -> list[str]:
    try:
        return [entry.name for entry in proc.iterdir() if entry.name.isdecimal()]
    except OSError:
        return []


def _is_marked(environment: Path, mark: bytes) -> bool:
    try:
        return mark in environment.read_bytes()
    except OSError:  # somebody else's, or it has ended
        return False


def _signal(process: Found, number: signal.Signals) -> None:
    with suppress(OSError, IndexError):
        if (_PROC / str(process.pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[19] == process.started:
            os.kill(process.pid, number)
