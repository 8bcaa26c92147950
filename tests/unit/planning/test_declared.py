"""The files that steps declare: which they are, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sources import Sources, steps

from orch.errors import FilesError, Problems, Where
from orch.planning.declared import declared_files

WHERE = Where("pipeline.py", 3)
posix = pytest.mark.skipif(os.name == "nt", reason="links and pipes need rights there that users do not have")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name in ("data/a.csv", "data/b.csv", "data/deep/c.csv", "data/deep/.hidden", "data/__pycache__/x.pyc", "notes.txt", ".orch/x.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def found(root: Path, *patterns: str) -> list[str]:
    return list(declared_files(patterns, root, WHERE, "train"))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("notes.txt", ["notes.txt"]),
        ("./notes.txt", ["notes.txt"]),
        ("data/*.csv", ["data/a.csv", "data/b.csv"]),
        ("data/[a]*", ["data/a.csv"]),
        ("**/*.csv", ["data/a.csv", "data/b.csv", "data/deep/c.csv"]),
        ("data/**", ["data/a.csv", "data/b.csv", "data/deep/.hidden", "data/deep/c.csv"]),
        ("data", ["data/a.csv", "data/b.csv", "data/deep/.hidden", "data/deep/c.csv"]),
        ("data/", ["data/a.csv", "data/b.csv", "data/deep/.hidden", "data/deep/c.csv"]),
        ("data/*/", ["data/deep/.hidden", "data/deep/c.csv"]),
        ("data\\deep\\c.csv", ["data/deep/c.csv"]),
        (".", ["data/a.csv", "data/b.csv", "data/deep/.hidden", "data/deep/c.csv", "notes.txt"]),
    ],
)
def test_paths_globs_and_folders(pattern: str, expected: list[str], root: Path) -> None:
    assert found(root, pattern) == expected


def test_several_patterns_give_each_file_once_and_in_order(root: Path) -> None:
    assert found(root, "notes.txt", "data/b*", "data/*.csv") == ["data/a.csv", "data/b.csv", "notes.txt"]


@pytest.mark.parametrize("pattern", ["data/x.csv", "*.parquet", "", "data/a.csv/x", "data/a.csv/", "nowhere/**"])
def test_a_pattern_without_files_is_refused(pattern: str, root: Path) -> None:
    with pytest.raises(FilesError, match="which matches nothing") as caught:
        found(root, pattern)

    assert caught.value.where == WHERE


@pytest.mark.parametrize("pattern", ["../x", "data/../../x", "/etc/passwd", "~/x", "C:/x", "C:x", "\\\\server\\x", "**/../x"])
def test_a_pattern_that_leads_out_of_the_project_is_refused(pattern: str, root: Path) -> None:
    with pytest.raises(FilesError, match="leads out of the project"):
        found(root, pattern)


@posix
def test_a_link_inside_the_project_is_the_bytes_that_it_leads_to(root: Path) -> None:
    (root / "latest.csv").symlink_to(root / "data" / "b.csv")
    (root / "current").symlink_to("data/deep")

    files = declared_files(["latest.csv", "current"], root, WHERE, "train")

    assert files == {
        "current/.hidden": str(root / "data/deep/.hidden"),
        "current/c.csv": str(root / "data/deep/c.csv"),
        "latest.csv": str(root / "data/b.csv"),
    }


@posix
@pytest.mark.parametrize("place", ["out.csv", "data/out.csv"])
def test_a_link_out_of_the_project_is_refused(place: str, root: Path) -> None:
    (root.parent / "secret").write_text("x")
    (root / place).symlink_to(root.parent / "secret")

    with pytest.raises(FilesError, match="a link that leads out of the project"):
        found(root, "data" if place.startswith("data") else place)


@posix
def test_a_folder_behind_a_link_out_of_the_project_is_refused(root: Path) -> None:
    (root.parent / "secrets").mkdir()
    (root.parent / "secrets" / "x").write_text("x")
    (root / "inside").symlink_to(root.parent / "secrets")

    with pytest.raises(FilesError, match="leads out of the project"):
        found(root, "inside/x")


@posix
def test_links_in_a_circle_end(root: Path) -> None:
    (root / "data" / "again").symlink_to(root / "data")

    assert found(root, "data") == ["data/a.csv", "data/b.csv", "data/deep/.hidden", "data/deep/c.csv"]
    assert found(root, "**/*.csv") == ["data/a.csv", "data/b.csv", "data/deep/c.csv"]


@posix
def test_a_link_that_leads_nowhere_is_refused(root: Path) -> None:
    (root / "data" / "gone").symlink_to(root / "nowhere")

    with pytest.raises(FilesError, match="leads nowhere"):
        found(root, "data")


@posix
def test_what_is_no_file_is_refused(root: Path) -> None:
    os.mkfifo(root / "data" / "pipe")

    with pytest.raises(FilesError, match="neither a file nor a folder"):
        found(root, "data")


@given(pattern=st.text("ab*?[]!/.\\~: ü", max_size=8))
def test_no_pattern_is_a_crash(pattern: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("project")
    (folder / "a").mkdir()
    (folder / "a" / "b").write_text("x")

    try:
        files = declared_files([pattern], folder, WHERE, "train")
    except FilesError:
        return
    assert set(files) == {"a/b"}


def test_a_change_of_a_declared_file_is_in_the_facts(tmp_path: Path) -> None:
    files = {"pipeline.py": "from orch import step\n\n@step(files=['data'])\ndef uses(): ...\n", "data/a.csv": "1"}
    sources = Sources(tmp_path, files, steps("uses", files=("data",)), memory=tmp_path / ".orch" / "memory.json")
    before = sources.facts("uses").files

    sources.write("data/a.csv", "2")
    changed = sources.facts("uses").files
    sources.write("data/b.csv", "2")

    assert list(before) == ["data/a.csv"]
    assert before != changed
    assert sources.facts("uses").files == {"data/a.csv": changed["data/a.csv"], "data/b.csv": changed["data/a.csv"]}


def test_an_error_names_the_line_of_the_step_and_all_are_told_at_once(tmp_path: Path) -> None:
    source = "from orch import step\n\n@step(files=['x'])\ndef uses(): ...\n\n@step(files=['x'])\ndef other(): ...\n"
    sources = Sources(tmp_path, {"pipeline.py": source}, steps("uses", "other", files=("x",)))

    with pytest.raises(Problems) as caught:
        sources.gather()

    assert [str(problem.where) for problem in caught.value.problems] == ["pipeline.py:3", "pipeline.py:6"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    sources = Sources(tmp_path, {"pipeline.py": "", "data.csv": "1"}, steps("uses", files=("data.csv",)))
    (tmp_path / "data.csv").chmod(0)

    with pytest.raises(FilesError, match="which cannot be read"):
        sources.gather()
