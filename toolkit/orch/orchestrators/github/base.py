"""The state that a change starts from, as git has it: no network, no token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orch.authoring import git
from orch.errors import ToolFailedError, ToolMissingError, UsageError
from orch.names import PINS_PATH, graph_path, workflow_path

AUTO: Final = "auto"
# Pull requests and merge groups check out a merge whose first parent is the base; after a push it is the commit before.
_AUTO_REF: Final = "HEAD^1"
_FOLDERS: Final = tuple(sorted({path("").rpartition("/")[0] for path in (graph_path, workflow_path)}))


@dataclass(frozen=True, slots=True)
class Base:
    """`files` are generated files of the commit, path from the git root -> text, among others that are not."""

    name: str
    commit: str
    files: Mapping[str, str]


def base_of(git_root: Path, wanted: str) -> Base | None:
    """The state at `wanted`, a commit, branch or tag; raises UsageError where there is none.

    `auto` is what a job of a pull request or push compares with, or None where this clone does not have it.
    """
    ref = _AUTO_REF if wanted == AUTO else wanted
    try:
        commit = git.ask(git_root, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{ref}^{{commit}}").strip()
        listed = git.ask(git_root, "ls-tree", "-z", "--name-only", commit, "--", *(f"{folder}/" for folder in _FOLDERS))
    except (ToolFailedError, ToolMissingError) as error:
        if wanted == AUTO:
            return None
        hint = "name a commit, branch or tag of this clone, as origin/main; `git fetch` brings more"
        raise UsageError(f"--base {wanted!r} is nothing that git has here", hint=hint) from error
    paths = [path for path in listed.split("\0") if path.endswith((".json", ".yml")) and path != PINS_PATH]
    files = {path: git.ask(git_root, "show", f"{commit}:{path}").replace("\r\n", "\n") for path in paths}
    return Base(ref, commit, files)
