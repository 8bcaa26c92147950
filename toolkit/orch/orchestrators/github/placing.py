"""Putting files into a repository: never through a link that leads out of it, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from orch import files
from orch.errors import OrchError, StoreError, UsageError, Where, raise_problems


def check_places(git_root: Path, paths: list[str]) -> list[OrchError]:
    """Why files cannot go to `paths`, from the git root, before any is written."""
    return [problem for path in paths if (problem := _check(git_root.resolve(), path))]


def place(git_root: Path, path: str, text: str) -> None:
    """Write one file; raises UsageError or StoreError where it cannot be. Bytes that were no UTF-8 may be surrogates in `text`."""
    raise_problems(check_places(git_root, [path]))
    file = git_root / path
    try:
        files.make_folders(file.parent)
        files.write_atomic(file, text.encode("utf-8", "surrogateescape"), tidy=True)
    except OSError as error:
        hint = "is the disk full, or the folder somebody else's?"
        raise StoreError(f"cannot write {path!r}: {error.strerror or error}", hint=hint, where=Where(path)) from error


def _check(git_root: Path, path: str) -> OrchError | None:
    file = git_root / path
    there = next(parent for parent in (file, *file.parents) if os.path.lexists(parent))
    if file.is_symlink() or not there.resolve().is_relative_to(git_root):
        link = next(each for each in (file, *file.parents) if each.is_symlink())
        hint = "put a folder or file in its place: what orch writes belongs to the repository"
        return UsageError(f"{path!r} cannot be written: {link.relative_to(git_root).as_posix()!r} is a link", hint=hint, where=Where(path))
    if (there == file and not there.is_file()) or (there != file and not there.is_dir()):
        kind = "is a folder" if there == file else "is a file"
        name = there.relative_to(git_root).as_posix()
        return UsageError(f"{path!r} cannot be written: {name!r} {kind}", hint="move it away", where=Where(path))
    return None
