"""What a step started is found by its parents and by a word in its environment, in a `/proc` of files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("there is no /proc", allow_module_level=True)

from orch.system.descendants import Found, started_by

MARK = "orch-step-r1-abc"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """1 is init, 10 a worker; its child 11 has a child 12; 20 left all parents behind, 21 is its child; 30 is a stranger."""
    a_process(tmp_path, 1, parent=0)
    a_process(tmp_path, 10, parent=1)
    a_process(tmp_path, 11, parent=10, environment="")
    a_process(tmp_path, 12, parent=11, environment="", name="a (b) 7 c")
    a_process(tmp_path, 20, parent=1, environment=f"PATH=/bin\0TMPDIR=/tmp/{MARK}\0")
    a_process(tmp_path, 21, parent=20, environment="")
    a_process(tmp_path, 30, parent=1, environment="TMPDIR=/tmp/orch-step-r1-other\0")
    (tmp_path / "cpuinfo").touch()
    return tmp_path


def a_process(proc: Path, pid: int, *, parent: int, environment: str = "PATH=/bin\0", name: str = "python") -> None:
    folder = proc / str(pid)
    folder.mkdir()
    rest = " ".join(["0"] * 17)
    (folder / "stat").write_text(f"{pid} ({name}) S {parent} {rest} {pid * 100} 0\n")
    (folder / "environ").write_text(environment)


def numbers(found: set[Found]) -> list[int]:
    return sorted(process.pid for process in found)


def test_all_below_a_process_and_all_that_carry_its_mark_are_found(proc: Path) -> None:
    assert numbers(started_by(10, MARK, proc)) == [10, 11, 12, 20, 21]


def test_once_the_process_has_ended_the_mark_is_left(proc: Path) -> None:
    assert numbers(started_by(None, MARK, proc)) == [20, 21]


def test_a_process_is_told_from_a_later_one_of_its_number(proc: Path) -> None:
    assert Found(12, "1200") in started_by(10, MARK, proc)


def test_a_process_that_ends_meanwhile_or_belongs_to_somebody_else_stops_nothing(proc: Path) -> None:
    (proc / "40").mkdir()
    (proc / "20" / "environ").unlink()

    assert numbers(started_by(10, MARK, proc)) == [10, 11, 12]


def test_where_there_is_no_such_folder_nothing_is_found(tmp_path: Path) -> None:
    assert started_by(10, MARK, tmp_path / "proc") == set()
