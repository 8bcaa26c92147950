from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from orch import files


def test_a_file_is_made_or_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    for data in (b"one", b"two"):
        files.write_atomic(tmp_path / "file", data)

    assert (tmp_path / "file").read_bytes() == b"two"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_line_takes_the_place_of_a_longer_one_without_room_for_another(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"running   \n")

    assert files.overwrite(tmp_path / "file", b"failed")
    assert (tmp_path / "file").read_bytes() == b"failed    \n"
    assert not files.overwrite(tmp_path / "file", b"failed, and why")
    assert (tmp_path / "file").read_bytes() == b"failed    \n"


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write_atomic(tmp_path / "file", b"old")

    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="no space left"):
        files.write_atomic(tmp_path / "file", b"new")

    assert (tmp_path / "file").read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_every_byte_is_written_however_few_the_kernel_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    written = bytearray()

    def few(_descriptor: int, data: bytes) -> int:
        written.extend(data[:3])
        return min(3, len(data))

    monkeypatch.setattr(os, "write", few)
    files.write_all(1, b"0123456789")

    assert written == b"0123456789"


def test_lines_are_appended_after_the_end_of_one_that_a_killed_writer_left(tmp_path: Path) -> None:
    journal = tmp_path / "journal"

    files.append_lines(journal, b"one\n")
    journal.write_bytes(journal.read_bytes() + b"tw")
    files.append_lines(journal, b"three\nfour\n")
    files.append_lines(journal, b"five\n")

    assert journal.read_bytes() == b"one\ntw\nthree\nfour\nfive\n"


def test_a_copy_never_goes_over_what_is_there_nor_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"new")
    (tmp_path / "there").write_bytes(b"old")
    (tmp_path / "link").symlink_to("there")

    for target in ("there", "link"):
        with pytest.raises(FileExistsError):
            files.copy(tmp_path / "source", tmp_path / target)

    assert (tmp_path / "there").read_bytes() == b"old"


def test_removing_what_is_gone_already_is_no_error(tmp_path: Path) -> None:
    files.unlink(tmp_path / "gone")
    files.remove_tree(tmp_path / "gone")


def test_a_tree_is_removed_and_not_what_a_link_in_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "tree" / "below").mkdir(parents=True)
    (tmp_path / "tree" / "below" / "link").symlink_to(tmp_path / "kept")

    files.remove_tree(tmp_path / "tree")

    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"]


def test_a_raw_file_writes_through_a_buffer_and_is_closed_with_it(tmp_path: Path) -> None:
    descriptor = files.create(tmp_path / "file")
    with io.BufferedWriter(files.RawFile(descriptor), 4) as writer:
        writer.write(b"012")
        writer.write(b"3456789")

    assert (tmp_path / "file").read_bytes() == b"0123456789"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.close(descriptor)


def test_a_tidy_writer_removes_what_killed_ones_left_of_the_same_file_and_nothing_else(tmp_path: Path) -> None:
    kept = {"file.1-2.tmp": None, "other.1-0.tmp": 0, "file.tmp": 0, "file.mine.tmp": 0, "file.1-0.tmp.txt": 0}
    for name, time in {"file.1-0.tmp": 0, "file.23-45.tmp": 0, **kept}.items():
        (tmp_path / name).touch()
        if time is not None:
            os.utime(tmp_path / name, (time, time))

    files.write_atomic(tmp_path / "file", b"new", tidy=True)

    assert {entry.name for entry in tmp_path.iterdir()} == {"file", *kept}, "a young one may be another writer's that lives"
