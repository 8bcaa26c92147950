"""The files that a step declares with `files=[...]`: which they are, and what keeps them from being read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from fnmatch import translate
from functools import cache
from pathlib import Path
from re import Pattern
from re import compile as compile_pattern
from typing import Final

from orch.errors import FilesError, Where

_LEFT_OUT: Final = frozenset({".git", ".orch", "__pycache__"})  # they change with every run, and hold nothing of the user's


def declared_files(patterns: Iterable[str], root: Path, where: Where | None, step: str) -> dict[str, str]:
    """POSIX path from the project root -> the file to read; raises FilesError."""
    found: dict[str, str] = {}
    for pattern in patterns:
        matched = dict(_matching(pattern, root, where, step))
        if not matched:
            hint = f"paths and globs start at {str(root)!r}; `**` stands for any folders"
            raise FilesError(f"step {step!r} declares files={pattern!r}, which matches nothing", hint=hint, where=where)
        found |= matched
    return dict(sorted(found.items()))


def _matching(pattern: str, root: Path, where: Where | None, step: str) -> Iterator[tuple[str, str]]:
    parts = [part for part in pattern.replace("\\", "/").split("/") if part not in ("", ".")]
    if pattern.startswith(("/", "\\", "~")) or ".." in parts or (len(pattern) > 1 and pattern[1] == ":"):
        hint = "files of the project alone count: name them from its root"
        raise FilesError(f"step {step!r} declares files={pattern!r}, which leads out of the project", hint=hint, where=where)
    if not pattern:
        return
    for name in _expand("", parts, str(root)):
        if pattern.endswith(("/", "\\")) and not os.path.isdir(root / name):
            continue
        yield from _files_of(name, root, where, step, frozenset())


def _expand(folder: str, parts: list[str], root: str) -> Iterator[str]:
    """Names of files and folders that match; links to folders are followed by name, and not by `**`, which they could lead in circles."""
    if not parts:
        yield folder
        return
    first, *rest = parts
    if first == "**":
        yield from _expand(folder, rest, root)
        for name, is_folder, is_link in _entries(folder, root):
            if is_folder and not is_link:
                yield from _expand(_join(folder, name), parts, root)
        return
    matches = _matcher(first)
    for name, is_folder, _ in _entries(folder, root):
        if matches.match(name) and (is_folder or not rest):
            yield from _expand(_join(folder, name), rest, root)


def _files_of(name: str, root: Path, where: Where | None, step: str, above: frozenset[str]) -> Iterator[tuple[str, str]]:
    """The file itself, or all that are in the folder; what links lead to counts as if it were there."""
    real = os.path.realpath(root / name)
    if not Path(real).is_relative_to(root):
        hint = "copy what it leads to into the project"
        raise FilesError(f"step {step!r} declares {name!r}, a link that leads out of the project", hint=hint, where=where)
    if os.path.isfile(real):
        try:
            name.encode()
        except UnicodeEncodeError:
            hint = "rename it"
            raise FilesError(f"step {step!r} declares {name!r}, whose name is not UTF-8", hint=hint, where=where) from None
        yield name, real
    elif not os.path.isdir(real):
        what = "a link that leads nowhere" if os.path.islink(root / name) else "which is neither a file nor a folder"
        raise FilesError(f"step {step!r} declares {name!r}, {what}", hint="remove it, or name others", where=where)
    elif real not in above:
        for entry, _, _ in _entries(name, str(root)):
            yield from _files_of(_join(name, entry), root, where, step, above | {real})


def _entries(folder: str, root: str) -> list[tuple[str, bool, bool]]:
    """Name, whether it is a folder, whether it is a link; in order, so that the first of several problems is always the same."""
    try:
        with os.scandir(os.path.join(root, folder)) as entries:
            found = [(entry.name, entry.is_dir(), entry.is_symlink()) for entry in entries if entry.name not in _LEFT_OUT]
    except OSError:
        return []
    return sorted(found)


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


@cache
def _matcher(glob: str) -> Pattern[str]:
    return compile_pattern(translate(glob))
