"""Whether a file was changed since it was read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orch.orchestrators.local.stamps import Stamps

LONG_AGO = 1_700_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "module.py"
    path.write_text("x = 1\n")
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def touch(path: Path) -> None:
    os.utime(path)


def same_size_and_time(path: Path) -> None:
    path.write_text("x = 2\n")
    os.utime(path, (LONG_AGO, LONG_AGO))


def replaced(path: Path) -> None:
    other = path.with_suffix(".new")
    other.write_text("x = 1\n")
    other.rename(path)


def test_a_file_that_nobody_touched_holds(file: Path) -> None:
    stamps = Stamps([str(file)], since=LONG_AGO + 1)

    assert stamps.hold([str(file)])
    stamps.look_again()
    assert stamps.hold([str(file)])


@pytest.mark.parametrize("change", [touch, same_size_and_time, replaced, Path.unlink])
def test_a_file_that_was_changed_does_not(file: Path, change: Callable[[Path], object]) -> None:
    stamps = Stamps([str(file)], since=LONG_AGO + 1)

    change(file)

    assert not stamps.hold([str(file)])


def test_what_was_written_after_the_reading_began_may_not_be_what_was_read(file: Path) -> None:
    assert not Stamps([str(file)], since=LONG_AGO - 1).hold([str(file)])


def test_a_file_that_was_not_there_does_not_hold(tmp_path: Path) -> None:
    assert not Stamps([str(tmp_path / "absent")], since=LONG_AGO).hold([str(tmp_path / "absent")])


def test_without_files_nothing_has_changed() -> None:
    assert Stamps([], since=0).hold([])
