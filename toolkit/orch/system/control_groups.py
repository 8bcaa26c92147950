"""Whether the kernel killed for lack of memory: the counter of the control group that this process lives in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def out_of_memory_kills() -> int:
    """Kills so far in this process's group and those above it that can be read; 0 where there are no control groups."""
    return sum(_count(file) for file in _counters())


def _counters() -> Iterator[Path]:
    try:
        groups = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in groups:
        _, controllers, path = line.split(":", 2)
        if controllers == "":  # version 2
            yield Path(f"/sys/fs/cgroup{path}/memory.events")
            yield Path(f"/sys/fs/cgroup/unified{path}/memory.events")
        elif "memory" in controllers.split(","):
            yield Path(f"/sys/fs/cgroup/memory{path}/memory.oom_control")


def _count(file: Path) -> int:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
