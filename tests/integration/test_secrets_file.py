"""`.env.orch`: read where git and other users cannot get at it, refused with what to type where they could."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from orch.errors import OrchError, SecretsFileError, ToolMissingError
from orch.stacks.secrets import FILE, with_secrets

VALUE = "s3cr3t-value"
pytestmark = pytest.mark.tools("git")


def git(repository: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(repository), *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text(".env.orch\n")
    write(tmp_path)
    return tmp_path


def write(repository: Path, text: str = f"TOKEN={VALUE}\nOTHER=not-asked-for\n") -> Path:
    file = repository / FILE
    file.write_text(text)
    file.chmod(0o600)
    return file


def read(repository: Path, environment: dict[str, str] | None = None, declared: tuple[str, ...] = ("TOKEN",)) -> dict[str, str]:
    return with_secrets(declared, repository, {"PATH": os.environ["PATH"]} | (environment or {}))


def refused(repository: Path, environment: dict[str, str] | None = None) -> OrchError:
    with pytest.raises(SecretsFileError) as caught:
        read(repository, environment)
    assert VALUE not in str(caught.value)
    return caught.value


def test_of_the_file_only_what_steps_declare_is_taken(repository: Path) -> None:
    assert read(repository, {"A": "b"}) == {"PATH": os.environ["PATH"], "A": "b", "TOKEN": VALUE}


def test_the_environment_wins_and_an_empty_variable_is_none(repository: Path) -> None:
    assert read(repository, {"TOKEN": "mine"})["TOKEN"] == "mine"
    assert read(repository, {"TOKEN": ""})["TOKEN"] == VALUE


def test_without_declared_secrets_or_without_the_file_nothing_is_looked_at(repository: Path, tmp_path: Path) -> None:
    (repository / FILE).write_text("not a file of secrets")

    assert "TOKEN" not in read(repository, declared=())
    (repository / FILE).unlink()
    assert "TOKEN" not in read(repository)


def test_a_file_that_git_tracks_is_refused(repository: Path) -> None:
    git(repository, "add", "--force", FILE)

    error = refused(repository)

    assert (error.message, str(error.where)) == ("git tracks this file", FILE)
    assert error.hint.startswith("git rm --cached .env.orch")


def test_a_file_that_git_does_not_ignore_is_refused(repository: Path) -> None:
    (repository / ".gitignore").unlink()

    assert refused(repository).hint == "add a line .env.orch to .gitignore"


def test_a_file_that_a_hook_of_git_would_ask_another_repository_about_is_asked_about_here(repository: Path, tmp_path: Path) -> None:
    (repository / ".gitignore").unlink()
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")

    assert "does not ignore" in refused(repository, {"GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other)}).message


def test_a_file_that_the_users_own_settings_ignore_is_ignored(repository: Path, tmp_path: Path) -> None:
    (repository / ".gitignore").unlink()
    (tmp_path / "ignored").write_text(".env.orch\n")
    (tmp_path / "settings").write_text(f"[core]\nexcludesFile = {(tmp_path / 'ignored').as_posix()}\n")

    assert read(repository, {"GIT_CONFIG_GLOBAL": str(tmp_path / "settings")})["TOKEN"] == VALUE


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such bits")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused(repository: Path, mode: int) -> None:
    (repository / FILE).chmod(mode)

    assert refused(repository).hint == "chmod 600 .env.orch"


def test_a_file_that_is_not_one_is_refused(repository: Path) -> None:
    (repository / FILE).unlink()
    (repository / FILE).mkdir(mode=0o700)

    assert "cannot be read" in refused(repository).message


def test_a_link_is_read_unless_it_leads_to_a_file_that_git_tracks_or_to_none(repository: Path, tmp_path: Path) -> None:
    (repository / FILE).unlink()
    (repository / FILE).symlink_to("settings.env")
    (repository / ".gitignore").write_text(".env.orch\nsettings.env\n")
    assert "cannot be read" in refused(repository).message

    target = repository / "settings.env"
    target.write_text(f"TOKEN={VALUE}\n")
    target.chmod(0o600)
    assert read(repository)["TOKEN"] == VALUE

    git(repository, "add", "--force", "settings.env")
    assert str(refused(repository).where) == "settings.env"


def test_outside_git_there_is_nothing_to_ignore_it(tmp_path: Path) -> None:
    write(tmp_path)

    assert read(tmp_path)["TOKEN"] == VALUE


def test_without_git_on_the_machine_a_repository_s_file_is_refused(repository: Path) -> None:
    with pytest.raises(ToolMissingError, match="git is not on this machine"):
        with_secrets(["TOKEN"], repository, {"PATH": "/nowhere"})


def test_a_submodule_and_a_worktree_have_files_of_their_own(repository: Path, tmp_path: Path) -> None:
    git(repository, "add", ".gitignore")
    git(repository, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first")
    git(repository, "worktree", "add", "-q", str(tmp_path / "tree"))

    assert "TOKEN" not in read(tmp_path / "tree")
    write(tmp_path / "tree", "TOKEN=of-the-worktree\n")
    assert read(tmp_path / "tree")["TOKEN"] == "of-the-worktree"
