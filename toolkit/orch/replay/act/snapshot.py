"""The working tree as a commit of its own, in a folder of its own: what the jobs check out."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from orch.authoring.git import environment_without_settings, unreadable
from orch.errors import ToolMissingError

_AUTHOR: Final = {
    "GIT_AUTHOR_NAME": "orch act",
    "GIT_AUTHOR_EMAIL": "orch-act@localhost",
    "GIT_COMMITTER_NAME": "orch act",
    "GIT_COMMITTER_EMAIL": "orch-act@localhost",
}
BRANCH: Final = "main"
_NEVER = frozenset((".git", ".orch", ".venv", "__pycache__"))


def take(git_root: Path, into: Path, generated: Mapping[str, str]) -> None:
    """Copy the working tree, uncommitted changes included, put the `generated` files over it, and commit all.

    What lies beside `into` is left out: a private folder may be inside the tree.
    """
    into.mkdir(parents=True)
    private = into.resolve().parent
    for name in files_of(git_root, without=private):
        source, target = git_root / name, into / name
        if (source.is_dir() and not source.is_symlink()) or source.is_relative_to(private):
            continue  # a submodule, which a checkout leaves empty
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    for name, text in generated.items():
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        (into / name).write_text(text, encoding="utf-8", newline="\n")
    _git(into, "init", "--quiet", "--template=", f"--initial-branch={BRANCH}")
    _git(into, "add", "--all", "--force", ".")
    _git(into, "commit", "--quiet", "--allow-empty", "--no-verify", "--message=working tree")
    # act reads the repository's name from here; nothing is fetched.
    _git(into, "remote", "add", "origin", f"https://github.com/local/{_repository_name(git_root)}.git")


def bring(git_root: Path, into: Path, commit: str) -> None:
    """Add a commit of the repository, which the event names, for jobs that look what it changed; nothing where there is no such commit."""
    asked = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "uploadpack.allowAnySHA1InWant", "GIT_CONFIG_VALUE_0": "true"}
    command = ["git", "-c", "safe.directory=*", "-C", str(into), "fetch", "--quiet", "--no-tags", "--depth=1", str(git_root), commit]
    subprocess.run(command, env=environment_without_settings() | asked, capture_output=True, check=False)


def files_of(git_root: Path, *, without: Path | None = None) -> Iterator[str]:
    """What git tracks and what it would: a file that is ignored stays behind. Without git, all files but caches."""
    if (git_root / ".git").exists():
        listed = _git(git_root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
        yield from (name for name in listed.split("\0") if name and os.path.lexists(git_root / name) and not _is_ours(name))
        return
    for folder, folders, names in os.walk(git_root):
        folders[:] = sorted(name for name in set(folders) - _NEVER if Path(folder, name) != without)
        yield from (Path(folder, name).relative_to(git_root).as_posix() for name in sorted(names))


def _is_ours(name: str) -> bool:
    return name.startswith(".orch/")


def _repository_name(git_root: Path) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char in "-_.") else "-" for char in git_root.name) or "repository"


def _git(folder: Path, *arguments: str) -> str:
    environment = environment_without_settings() | _AUTHOR
    try:
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", str(folder), *arguments], env=environment, capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise ToolMissingError("git is not on this machine", hint="install git: act takes a job's files from a repository") from error
    if done.returncode:
        raise unreadable(folder, done)
    return os.fsdecode(done.stdout)
