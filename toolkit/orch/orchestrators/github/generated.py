"""The generated files that a repository has, and which source each of them names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from orch.names import graph_path, workflow_path
from orch.orchestrators.github.compile import GENERATED


def read(file: Path) -> str | None:
    """The text of a generated file, if it is there; git may have given it the line ends of the system."""
    try:
        return file.read_bytes().decode(errors="replace").replace("\r\n", "\n")
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_generated(git_root: Path, path: str) -> bool:
    """Whether the workflow at `path` is one that orch wrote."""
    return source_of(read(git_root / path) or "") is not None


def source_of(text: str) -> str | None:
    """The source that a generated workflow names in its first line."""
    line = text.partition("\n")[0]
    prefix, suffix = f"# {GENERATED}", ", do not edit."
    return line[len(prefix) : -len(suffix)] if line.startswith(prefix) and line.endswith(suffix) else None


def _source_of_graph(text: str) -> str | None:
    try:
        data = json.loads(text)
        file = data["source"].rpartition(":")[0]
        return str(file if data["project"] == "." else f"{data['project']}/{file}")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def generated(git_root: Path) -> Iterator[tuple[str, str, str]]:
    """Every generated file that is there: its path from the git root, its text, and the source that it names."""
    for pattern, source_in in ((workflow_path("*"), source_of), (graph_path("*"), _source_of_graph)):
        for file in sorted(git_root.glob(pattern)):
            text = read(file) or ""
            if source := source_in(text):
                yield file.relative_to(git_root).as_posix(), text, source
