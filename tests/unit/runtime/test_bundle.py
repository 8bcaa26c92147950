"""The bundle of a project's files: sorted, of no time and no owner, and never of what lies outside."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from orch.authoring.project import Project
from orch.errors import FilesError
from orch.runtime.bundle import bundle, bundled


def unpacked(root: Path, names: list[str]) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(bundle(root, names)))) as tar:
        return {member.name: member for member in tar}


def test_two_folders_of_equal_files_give_equal_bytes(tmp_path: Path) -> None:
    made = []
    for number, name in enumerate(("a", "b")):
        root = tmp_path / name
        (root / "src").mkdir(parents=True)
        for file in ("src/z.py", "a.txt")[:: 1 if number else -1]:
            (root / file).write_text(file)
            os.utime(root / file, (number, number))
        made.append(b"".join(bundle(root, ["src/z.py", "a.txt"][:: -1 if number else 1])))

    assert made[0] == made[1]


def test_a_program_stays_one_and_other_modes_are_forgotten(tmp_path: Path) -> None:
    for name, mode in (("run", 0o700), ("data", 0o600)):
        (tmp_path / name).write_text(name)
        (tmp_path / name).chmod(mode)

    found = unpacked(tmp_path, ["run", "data"])

    assert {name: oct(member.mode) for name, member in found.items()} == {"run": "0o755", "data": "0o644"}
    assert {(member.uid, member.gid, member.mtime) for member in found.values()} == {(0, 0, 0)}


def test_names_of_any_kind_and_length_come_back(tmp_path: Path) -> None:
    names = ["räksmörgås 🍤.txt", f"{'long/' * 40}name.txt", "-rf", "new\nline"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)

    assert {name for name, member in unpacked(tmp_path, names).items() if member.isreg()} == set(names)


def test_what_lies_outside_of_the_repository_is_left_out(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    (root / "own.py").touch()
    (tmp_path / "other.py").touch()

    assert bundled(Project(root, root), [root / "own.py", tmp_path / "other.py"]) == ["own.py"]


@pytest.mark.posix
@pytest.mark.parametrize(("pointed_at", "is_refused"), [("inside/data", False), ("../outside", True), ("/etc/passwd", True)])
def test_a_link_is_taken_as_it_is_written_if_it_stays_inside(tmp_path: Path, pointed_at: str, is_refused: bool) -> None:
    root = tmp_path / "repository"
    (root / "inside").mkdir(parents=True)
    (root / "link").symlink_to(pointed_at)

    if is_refused:
        with pytest.raises(FilesError, match="leads out of the repository"):
            bundled(Project(root, root), [root / "link"])
    else:
        assert bundled(Project(root, root), [root / "link"]) == ["link"]
        assert unpacked(root, ["link"])["link"].linkname == pointed_at


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(FilesError, match="'folder' cannot be read"):
        list(bundle(tmp_path, ["folder"]))
