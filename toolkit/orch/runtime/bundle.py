"""The project's files as one tar, for where a step runs: what git tracks, as it is in the working tree, and what the steps reach besides.

The same bytes wherever these files are: sorted, no times, no owners, and of modes only whether a file may be run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from orch.authoring import git
from orch.authoring.project import Project
from orch.errors import FilesError, ToolMissingError, Where, raise_problems
from orch.runtime import tars


def bundled(project: Project, besides: Iterable[Path] = ()) -> list[str]:
    """The files from the git root, as POSIX paths: those that git tracks and that are there, and `besides` as far as they lie inside."""
    found = {name for name in _tracked(project.git_root) if os.path.lexists(project.git_root / name)}
    found |= {file.relative_to(project.git_root).as_posix() for file in besides if file.is_relative_to(project.git_root)}
    raise_problems(
        FilesError(
            f"{name!r} is a link that leads out of the repository, to {os.readlink(project.git_root / name)!r}",  # noqa: PTH115 - as it is written
            hint="put what it leads to in its place, or take it out of git: where a step runs, it would lead nowhere",
            where=Where(name),
        )
        for name in sorted(found)
        if (project.git_root / name).is_symlink() and not _stays_inside(project.git_root, name)
    )
    return sorted(name for name in found if (project.git_root / name).is_symlink() or (project.git_root / name).is_file())


def _tracked(git_root: Path) -> list[str]:
    if not git.is_repository(git_root):
        return []
    try:
        return [name for name in git.ask(git_root, "ls-files", "-z", "--cached", "--recurse-submodules").split("\0") if name]
    except ToolMissingError:
        return []


def _stays_inside(git_root: Path, name: str) -> bool:
    pointed_at = os.readlink(git_root / name)  # noqa: PTH115 - as it is written
    if PurePosixPath(pointed_at).is_absolute():
        return False
    lexically = os.path.normpath(f"{PurePosixPath(name).parent}/{pointed_at}")
    return not lexically.startswith("..") and (git_root / name).resolve().is_relative_to(git_root.resolve())


def bundle(git_root: Path, names: Iterable[str]) -> Iterator[bytes]:
    """The tar, in parts; raises FilesError for a file that cannot be read."""
    names = sorted(names)
    for folder in _folders(names):
        yield tars.folder(folder)
    for name in names:
        file = git_root / name
        try:
            if file.is_symlink():
                yield tars.link(name, os.readlink(file))  # noqa: PTH115 - as it is written
            else:
                yield tars.file(name, file.read_bytes(), 0o755 if os.access(file, os.X_OK) else 0o644)
        except OSError as error:
            message = f"{name!r} cannot be read: {error.strerror or error}"
            raise FilesError(message, hint="make it readable, or take it out of git") from error
    yield tars.END


def _folders(names: Iterable[str]) -> Iterator[str]:
    yield from sorted({str(folder) for name in names for folder in PurePosixPath(name).parents} - {"."})
