"""Where a file belongs, for every shape of repository."""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

import pytest

from orch.authoring.project import (
    Project,
    add_import_paths,
    check_divided_by_slashes,
    find_project,
    import_root,
    module_name,
    portable,
)
from orch.errors import FileNameError


def layout(root: Path, *names: str) -> None:
    """Files, and folders whose names end in `/`."""
    for name in names:
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()


@pytest.mark.parametrize(
    ("files", "git_root", "root"),
    [
        ([".git/", "pyproject.toml"], ".", "."),
        ([".git/"], ".", "."),
        ([".git/", "teams/a/pyproject.toml"], ".", "teams/a"),
        ([".git/", "pyproject.toml", "teams/a/pyproject.toml"], ".", "teams/a"),
        ([".git"], ".", "."),  # a worktree or submodule: a file
        (["teams/.git/", "pyproject.toml"], "teams", "teams"),
        (["teams/pyproject.toml"], "teams", "teams"),
        ([], "teams/a/jobs", "teams/a/jobs"),
        ([".git/", "pyproject.toml/"], ".", "."),
    ],
)
def test_the_project_is_the_nearest_pyproject_within_the_repository(tmp_path: Path, files: list[str], git_root: str, root: str) -> None:
    layout(tmp_path, *files, "teams/a/jobs/pipeline.py")

    project = find_project(tmp_path / "teams/a/jobs/pipeline.py")

    assert project == Project((tmp_path / git_root).resolve(), (tmp_path / root).resolve())


def test_a_folder_has_the_project_of_the_files_in_it(tmp_path: Path) -> None:
    layout(tmp_path, ".git/", "a/pyproject.toml", "a/b/x.py")

    assert find_project(tmp_path / "a/b") == find_project(tmp_path / "a/b/x.py")


def test_a_project_is_named_by_its_folder_in_the_repository(tmp_path: Path) -> None:
    assert Project(tmp_path, tmp_path).name == "."
    assert Project(tmp_path, tmp_path / "teams" / "a").name == "teams/a"


def test_a_path_in_the_repository_is_shown_from_its_root_and_any_other_whole(tmp_path: Path) -> None:
    project = Project(tmp_path / "repository", tmp_path / "repository" / "a")

    assert project.relative(tmp_path / "repository" / "b" / "x.py") == "b/x.py"
    assert project.relative(tmp_path / "x.py") == str(tmp_path / "x.py")


@pytest.mark.parametrize(
    ("files", "root", "name"),
    [
        (["jobs/pipeline.py"], "jobs", "pipeline"),
        (["jobs/__init__.py", "jobs/pipeline.py"], ".", "jobs.pipeline"),
        (["teams/jobs/__init__.py", "teams/__init__.py", "teams/jobs/pipeline.py"], ".", "teams.jobs.pipeline"),
        (["jobs/a/__init__.py", "jobs/a/pipeline.py"], "jobs", "a.pipeline"),
    ],
)
def test_a_file_is_imported_from_above_its_packages(tmp_path: Path, files: list[str], root: str, name: str) -> None:
    layout(tmp_path, *files)
    file = tmp_path / files[-1]

    assert (import_root(file), module_name(file)) == (tmp_path / root, name)


def test_first_party_modules_come_before_others_once_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout(tmp_path, "src/", "jobs/pipeline.py")
    monkeypatch.setattr(sys, "path", ["/elsewhere", str(tmp_path), "/other"])

    for _ in range(2):
        add_import_paths(tmp_path, tmp_path / "jobs" / "pipeline.py")

    assert sys.path == [str(tmp_path / "jobs"), str(tmp_path), str(tmp_path / "src"), "/elsewhere", "/other"]


def test_a_project_without_a_src_folder_has_none_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout(tmp_path, "pipeline.py")
    monkeypatch.setattr(sys, "path", [])

    add_import_paths(tmp_path, tmp_path / "pipeline.py")

    assert sys.path == [str(tmp_path)]


COMPOSED = unicodedata.normalize("NFC", "größe/é.py")
COMBINING = unicodedata.normalize("NFD", COMPOSED)


@pytest.mark.parametrize("name", ["a.py", "pkg/a b.py", "with:colon.py", COMPOSED])
def test_a_name_is_written_as_every_machine_finds_it(tmp_path: Path, name: str) -> None:
    layout(tmp_path, name)

    assert portable(tmp_path / name, tmp_path) == name


def test_the_root_itself_is_a_dot(tmp_path: Path) -> None:
    assert portable(tmp_path, tmp_path) == "."


def test_a_name_that_git_on_macos_would_change_is_refused_with_the_one_to_use(tmp_path: Path) -> None:
    layout(tmp_path, COMBINING)
    if (tmp_path / COMPOSED).exists():
        assert portable(tmp_path / COMBINING, tmp_path) == COMPOSED
        return
    with pytest.raises(FileNameError) as caught:
        portable(tmp_path / COMBINING, tmp_path)

    assert caught.value.hint == f"rename it to {COMPOSED!r}, which looks the same"


@pytest.mark.parametrize(("path", "instead"), [("deploy\\dev.txt", "deploy/dev.txt"), ("a\\b/c", "a/b/c")])
def test_a_path_in_a_source_is_divided_by_slashes(path: str, instead: str) -> None:
    with pytest.raises(FileNameError) as caught:
        check_divided_by_slashes(path, "requirements")

    assert repr(path) in caught.value.message
    assert repr(instead) in caught.value.hint


def test_a_link_out_of_the_repository_is_refused_and_one_within_it_is_not(tmp_path: Path) -> None:
    layout(tmp_path, "repository/.git/", "repository/real.py", "outside.py")
    (tmp_path / "repository/inside.py").symlink_to("real.py")
    (tmp_path / "repository/out.py").symlink_to("../outside.py")
    (tmp_path / "by-link").symlink_to("repository")

    for name in ("repository/inside.py", "by-link/real.py", "by-link/inside.py", "by-link", "repository"):
        assert find_project(tmp_path / name).git_root == tmp_path / "repository"
    for name in ("repository/out.py", "by-link/out.py"):
        with pytest.raises(FileNameError, match="leads out of the repository"):
            find_project(tmp_path / name)


@pytest.mark.posix
@pytest.mark.parametrize("name", ["a\x1b[2J.py", "a\nb.py", "\u202egnp.py", "a\u2028b", "\x9bx"])
def test_a_name_that_controls_how_text_is_shown_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()

    with pytest.raises(FileNameError, match="a character that controls how text is shown"):
        portable(tmp_path / name, tmp_path)


def test_a_name_of_any_script_is_a_name(tmp_path: Path) -> None:
    for name in ("$(x) ${{ y }}", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u540d\u524d", "\U0001f469\u200d\U0001f680"):
        (tmp_path / name).touch()

        assert portable(tmp_path / name, tmp_path) == name
