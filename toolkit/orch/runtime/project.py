"""The project that a job works for: the folder that the action names, and how deep in the repository the graph says it lies."""

from __future__ import annotations

from pathlib import Path

from orch.authoring.project import Project
from orch.errors import UsageError


def project_at(name: str, root: Path) -> Project:
    """`name` is the project's in the graph, `root` its folder here."""
    depth = 0 if name == "." else len(Path(name).parts)
    above = [root, *root.parents]
    if not root.is_dir() or depth >= len(above):
        hint = "name the folder that the step's file is in, as the graph names it"
        raise UsageError(f"--project {str(root)!r} is not the folder of a project", hint=hint)
    return Project(above[depth], root)
