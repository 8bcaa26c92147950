"""Whether a file was changed since it was read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orch.orchestrators.local.stamps import Stamps

LONG_AGO, SOON = 1_700_000_000, 4_000_000_000


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


def digest(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def stamps_of(path: Path, *, since: float) -> Stamps:
    return Stamps({str(path): digest(path)}, since=since)


def test_a_file_that_nobody_touched_holds(file: Path) -> None:
    assert stamps_of(file, since=SOON).hold([str(file)])


@pytest.mark.parametrize("change", [touch, same_size_and_time, replaced, Path.unlink])
def test_a_file_that_was_changed_does_not(file: Path, change: Callable[[Path], object]) -> None:
    stamps = stamps_of(file, since=LONG_AGO)

    change(file)

    assert not stamps.hold([str(file)])


def test_a_file_written_since_the_reading_began_holds_if_that_is_what_was_read(file: Path) -> None:
    assert stamps_of(file, since=LONG_AGO).hold([str(file)])
    assert not Stamps({str(file): "sha256:other"}, since=LONG_AGO).hold([str(file)])


def test_a_file_that_is_gone_does_not_hold(tmp_path: Path) -> None:
    absent = str(tmp_path / "absent")

    assert not Stamps({absent: "sha256:"}, since=LONG_AGO).hold([absent])


def test_without_files_nothing_has_changed() -> None:
    assert Stamps({}, since=0).hold([])
