from __future__ import annotations

import os
from pathlib import Path

import pytest

from orch.files import write_all, write_atomic


def test_a_file_is_made_or_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    for data in (b"one", b"two"):
        write_atomic(tmp_path / "file", data)

    assert (tmp_path / "file").read_bytes() == b"two"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_atomic(tmp_path / "file", b"old")

    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="no space left"):
        write_atomic(tmp_path / "file", b"new")

    assert (tmp_path / "file").read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_every_byte_is_written_however_few_the_kernel_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    written = bytearray()

    def few(_descriptor: int, data: bytes) -> int:
        written.extend(data[:3])
        return min(3, len(data))

    monkeypatch.setattr(os, "write", few)
    write_all(1, b"0123456789")

    assert written == b"0123456789"
