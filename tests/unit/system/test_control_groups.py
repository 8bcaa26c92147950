"""The kernel's counter of kills for memory, wherever its control groups are mounted."""

from __future__ import annotations

from pathlib import Path

import pytest

from orch.system import control_groups


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for the root of the file system."""
    monkeypatch.setattr(control_groups, "Path", lambda path: tmp_path / str(path).lstrip("/"))
    return tmp_path


def put(machine: Path, path: str, text: str) -> None:
    file = machine / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize(
    ("group", "file"),
    [
        ("0::/user/job\n", "/sys/fs/cgroup/user/job/memory.events"),
        ("0::/user/job\n", "/sys/fs/cgroup/unified/user/job/memory.events"),
        ("5:cpu,memory:/job\n0::/\n", "/sys/fs/cgroup/memory/job/memory.oom_control"),
        ("0::/a:b\n", "/sys/fs/cgroup/a:b/memory.events"),
    ],
)
def test_kills_are_counted_where_the_group_keeps_them(machine: Path, group: str, file: str) -> None:
    put(machine, "/proc/self/cgroup", group)
    put(machine, file, "oom 9\noom_kill_disable 0\noom_kill 3\noom_group_kill 7\n")

    assert control_groups.out_of_memory_kills() == 3


@pytest.mark.parametrize("group", ["0::/job\n", "5:cpu:/job\n", ""])
def test_a_counter_that_cannot_be_read_has_counted_nothing(machine: Path, group: str) -> None:
    put(machine, "/proc/self/cgroup", group)

    assert control_groups.out_of_memory_kills() == 0


def test_a_machine_without_control_groups_has_no_kills(machine: Path) -> None:
    assert control_groups.out_of_memory_kills() == 0
