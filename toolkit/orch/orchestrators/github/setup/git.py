"""What `orch init` asks of git: a repository where there is none, and the branch that pull requests go to."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

from orch.authoring.git import environment
from orch.errors import ToolFailedError, ToolMissingError

_PLAIN: Final = re.compile(r"\w[\w./-]*", re.ASCII)
_USUAL: Final = ("main", "master", "trunk", "develop")


def make_repository(folder: Path) -> None:
    """`git init`, as `cargo new` and `uv init` do: without a repository there is no root for what orch generates, and no GitHub."""
    done = _git(folder, "init", "--quiet")
    if done.returncode != 0:
        raise ToolFailedError(f"git init in {str(folder)!r} failed: {done.stderr.strip()}", hint="run it yourself, then `orch init` again")


def main_branch(git_root: Path) -> str:
    """The default branch of where it was cloned from, else the current one if it has the name of such a branch, else `main`."""
    try:
        cloned = _git(git_root, "symbolic-ref", "--short", "refs/remotes/origin/HEAD").stdout.strip().removeprefix("origin/")
        current = _git(git_root, "symbolic-ref", "--short", "HEAD").stdout.strip()
    except ToolMissingError:
        return "main"
    return cloned if _PLAIN.fullmatch(cloned) else current if current in _USUAL else "main"


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, env=environment(), capture_output=True, encoding="utf-8", errors="replace", check=False)
    except FileNotFoundError as error:
        raise ToolMissingError("git is not on this machine", hint="install git: workflows live in a git repository") from error
