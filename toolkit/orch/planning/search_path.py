"""Where a step's process looks for modules."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from orch.authoring.project import import_root
from orch.planning.finder import Owner, owner_of


def search_path(path: Iterable[str]) -> list[str]:
    """`sys.path` as workers have it.

    They do not have the folder of the script that was started, or the working directory, that Python put there. It comes last and
    is not dropped: the same folder may be on the path for another reason.
    """
    started_in = {os.path.realpath(each) for each in ("", os.path.dirname(sys.argv[0]))}
    asked_for = {os.path.realpath(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry}
    entries = dict.fromkeys(os.path.realpath(entry) for entry in path)
    return sorted(entries, key=lambda entry: entry in started_in and entry not in asked_for)


def path_for(file: Path, root: Path, path: Sequence[str]) -> tuple[str, ...]:
    """With what `orch.authoring.project.add_import_paths` puts in front."""
    return tuple(dict.fromkeys([str(import_root(file)), str(root), str(root / "src"), *path]))


def site_folders(path: Iterable[str]) -> list[str]:
    return [entry for entry in path if owner_of(entry) is Owner.SITE]


def python_folders(path: Iterable[str]) -> list[str]:
    """Of Python itself alone: what else this machine has says nothing about another."""
    return [entry for entry in dict.fromkeys(os.path.realpath(entry) for entry in path) if owner_of(entry) is Owner.PYTHON]
