"""A private copy of a stored file in a step's scratch folder: the step may write to it, and never reaches the store."""

from __future__ import annotations

import itertools
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from orch import files
from orch.errors import MaterializationError

if TYPE_CHECKING:
    from orch.stores.local import LocalStore


def private_folder(scratch: Path, digest: str) -> Path:
    """A new folder below `scratch`, named after what will be in it: two copies of the same do not meet."""
    for number in itertools.count():
        folder = scratch.absolute() / (f"{digest[7:19]}-{number}" if number else digest[7:19])
        try:
            files.make_folders(folder.parent)
            files.make_folder(folder)
        except FileExistsError:
            continue
        return folder
    raise AssertionError("unreachable: count() does not end")


def copy_object(store: LocalStore, digest: str, target: Path, *, executable: bool) -> None:
    files.copy(store.path(digest), target, executable=executable)


def checked_name(name: object) -> str:
    """A file name that stays in its folder, on this machine; names come from records, which anyone may have written."""
    if (
        not isinstance(name, str)
        or name in ("", ".", "..")
        or "\0" in name
        or "/" in name
        or (os.name == "nt" and set(name) & set('\\:*?"<>|'))
    ):
        raise MaterializationError(f"{name!r} cannot be the name of a file or folder here")
    return name


def checked_path(path: object) -> PurePosixPath:
    """A relative path without `.` and `..`."""
    if not isinstance(path, str):
        raise MaterializationError(f"{path!r} cannot be a path")
    try:
        for part in path.split("/"):
            checked_name(part)
    except MaterializationError as error:
        raise MaterializationError(f"{path!r} is not a path inside its folder", hint="the artifact is damaged or forged") from error
    return PurePosixPath(path)


def utf8_name(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise MaterializationError(f"the name of the file {name!r} is not UTF-8", hint="rename the file") from error
    return name
