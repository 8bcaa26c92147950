"""Asking git about the repository that a folder lies in, whatever hooks or other users' files around it would have it answer."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from orch.errors import ToolFailedError, ToolMissingError

# What git sets for the repository that it works on: a hook of one repository may well run orch in another. It is what
# `git rev-parse --local-env-vars` lists, but for GIT_CONFIG_COUNT: that is how people, and CI, give git mirrors and tokens.
_OF_ONE_REPOSITORY: Final = frozenset(
    """GIT_DIR GIT_WORK_TREE GIT_IMPLICIT_WORK_TREE GIT_INDEX_FILE GIT_COMMON_DIR GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
    GIT_PREFIX GIT_INTERNAL_SUPER_PREFIX GIT_NAMESPACE GIT_SHALLOW_FILE GIT_GRAFT_FILE GIT_NO_REPLACE_OBJECTS GIT_REPLACE_REF_BASE
    GIT_CONFIG GIT_CONFIG_PARAMETERS""".split()
)
_NO_SETTINGS: Final = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
# A container's or a colleague's checkout belongs to somebody else, and what is asked here runs none of its programs.
_SAFE: Final = ("-c", "safe.directory=*", "-c", "core.fsmonitor=false")
# Where no git tells them apart: what is installed or made, and never a user's own code.
_NOT_SOURCES: Final = frozenset(("__pycache__", "node_modules", "site-packages", "build", "dist"))


def environment(given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """`given`, for a git that is to work on the folder that it is told, with all that the user has set up."""
    return {name: value for name, value in given.items() if name not in _OF_ONE_REPOSITORY}


def environment_without_settings() -> dict[str, str]:
    """For a git that works as on every machine: no hooks, signing, templates or line ends of the user's."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | _NO_SETTINGS


def ask(folder: Path, *arguments: str) -> str:
    """What git prints; raises ToolMissingError, or ToolFailedError with git's own words."""
    try:
        done = subprocess.run(["git", *_SAFE, "-C", str(folder), *arguments], env=environment(), capture_output=True, check=False)
    except OSError as error:
        raise ToolMissingError("git is not on this machine", hint="install git") from error
    if done.returncode:
        raise unreadable(folder, done)
    return os.fsdecode(done.stdout)


def unreadable(folder: Path, done: subprocess.CompletedProcess[bytes]) -> ToolFailedError:
    """Why git could not work on the repository, in its own words."""
    words = os.fsdecode(done.stderr).strip().removeprefix("fatal: ") or f"it ended with {done.returncode}"
    return ToolFailedError(f"git cannot read the repository {str(folder)!r}: {words}", hint="`git status` there says more")


def head(git_root: Path) -> str:
    """The commit that is checked out; empty where nobody can tell: without git, or before the first commit."""
    try:
        return ask(git_root, "rev-parse", "--quiet", "--verify", "HEAD").strip()
    except (ToolMissingError, ToolFailedError):
        return ""


def sources(git_root: Path) -> list[Path]:
    """The Python files that git tracks, or would; all that look like a user's own where there is no repository or no git.

    Raises ToolFailedError for a repository that git cannot read.
    """
    if is_repository(git_root):
        try:
            listed = ask(git_root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.py")
        except ToolMissingError:
            pass
        else:
            return sorted({file for name in listed.split("\0") if name and (file := git_root / name).is_file()})
    return sorted(_walk(git_root))


def is_repository(git_root: Path) -> bool:
    """A worktree's or submodule's `.git` is a file; a folder without `HEAD` is none of git's."""
    return (git_root / ".git").is_file() or (git_root / ".git" / "HEAD").exists()


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [
            name for name in folders if not name.startswith(".") and name not in _NOT_SOURCES and not _is_environment(parent, name)
        ]
        yield from (Path(parent, name) for name in names if name.endswith(".py") and Path(parent, name).is_file())


def _is_environment(parent: str, name: str) -> bool:
    return Path(parent, name, "pyvenv.cfg").exists()
