"""Secrets on a person's machine: from the environment, then from a file that git never sees, `.env.orch` at the git root.

One file per repository, beside `orch.yaml`: GitHub knows one set of secrets per repository, too.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from orch.authoring import git
from orch.errors import SecretsFileError, ToolMissingError, Where
from orch.stacks import dotenv

FILE: Final = ".env.orch"


def with_secrets(declared: Iterable[str], git_root: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """`environment`, and of what steps declare and it lacks, what the file has. Nothing else of the file is handed on.

    Raises SecretsFileError where the file could be read by others or get into a commit.
    """
    names = set(declared)
    file = git_root / FILE
    if not names or not os.path.lexists(file):
        return dict(environment)
    for name in sorted({FILE, _target(file, git_root)}):
        _check_ignored(name, git_root, environment)
    try:
        _check_private(file)
        data = file.read_bytes()
    except OSError as error:
        raise SecretsFileError(f"this cannot be read: {error.strerror}", where=Where(FILE)) from error
    found = dotenv.parse(data, FILE)
    return {**environment, **{name: value for name, value in found.items() if name in names and not environment.get(name)}}


def _check_private(file: Path) -> None:
    """As ssh asks of its keys. Windows has no such bits; there, a person's folders are their own."""
    if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise SecretsFileError("other users of this machine may read this file", hint=f"chmod 600 {FILE}", where=Where(FILE))


def _target(file: Path, git_root: Path) -> str:
    """Where a link leads, if that is in the repository, too."""
    target, root = file.resolve(), git_root.resolve()
    return target.relative_to(root).as_posix() if target.is_relative_to(root) else FILE


def _check_ignored(name: str, git_root: Path, environment: Mapping[str, str]) -> None:
    if not (git_root / ".git").exists():
        return
    if _git(git_root, environment, "ls-files", "--", name).stdout:
        hint = f"git rm --cached {name}, and replace the secrets that were in it: whoever has a clone has them"
        raise SecretsFileError("git tracks this file", hint=hint, where=Where(name))
    ignored = _git(git_root, environment, "check-ignore", "--quiet", "--", name)
    if ignored.returncode == 1:
        hint = f"add a line {name} to .gitignore"
        raise SecretsFileError("git does not ignore this file, so the next `git add` would take it", hint=hint, where=Where(name))
    if ignored.returncode:
        told = ignored.stderr.decode(errors="replace").strip()
        hint = "mend the repository, or export the secrets instead and delete this file"
        raise SecretsFileError(f"git cannot tell whether it ignores this file: {told}", hint=hint, where=Where(name))


def _git(git_root: Path, environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = ["git", "-C", str(git_root), *arguments]
    try:
        return subprocess.run(command, env=git.environment(environment), capture_output=True, check=False)
    except OSError as error:
        message = f"git is not on this machine, so nobody can tell whether it ignores {FILE}"
        raise ToolMissingError(message, hint=f"install git, or set the secrets as environment variables and remove {FILE}") from error
