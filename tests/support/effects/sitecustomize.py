"""Counts the effects on files of every Python process that has this folder on its PYTHONPATH, and kills the process at one of them.

`ORCH_TEST_EFFECTS` is a file: each effect appends one line with its name and who made it: `own` is the command's own process,
`workers` all others. `ORCH_TEST_KILL` is `<who>:<number>:<when>`: at that effect of theirs, the process that makes it is killed with
SIGKILL: `before` it, `after` it (if that is a worker, then the command as well), or when `half` is written; before what is no write.
"""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

EFFECTS = (
    "append_lines",
    "copy",
    "create",
    "link",
    "make_folder",
    "make_folders",
    "make_read_only",
    "open_lock",
    "open_log",
    "remove_folder",
    "remove_tree",
    "rename",
    "symlink",
    "unlink",
    "write_all",
)


def install_from(environment: MutableMapping[str, str]) -> None:
    install(environment["ORCH_TEST_EFFECTS"], environment["ORCH_TEST_KILL"], environment.setdefault("ORCH_TEST_OWNER", str(os.getpid())))


def install(journal: str, kill: str, owner: str) -> None:
    """`owner` is the process id of the command."""
    from orch import files

    me = "own" if str(os.getpid()) == owner else "workers"
    who, number, when = kill.split(":")
    at = int(number) if who == me else -1

    def count(name: str) -> int:
        descriptor = os.open(journal, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        before = os.pread(descriptor, 1 << 20, 0).count(f" {me}\n".encode())
        os.write(descriptor, f"{name} {me}\n".encode())
        os.close(descriptor)
        return before

    def watched(name: str, effect: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            if count(name) != at:
                return effect(*arguments, **options)
            if when == "half" and name in ("append_lines", "write_all"):
                target, data = arguments
                if name == "append_lines":
                    with Path(target).open("ab") as file:
                        file.write(bytes(data)[: len(data) // 2])
                else:
                    effect(target, bytes(data)[: len(data) // 2])
            elif when == "after":
                effect(*arguments, **options)
                if me == "workers":
                    os.kill(int(owner), signal.SIGKILL)
            return os.kill(os.getpid(), signal.SIGKILL)

        return call

    for name in EFFECTS:
        setattr(files, name, watched(name, getattr(files, name)))


if "ORCH_TEST_EFFECTS" in os.environ:
    install_from(os.environ)
