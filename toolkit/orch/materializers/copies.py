"""A private copy of a stored file in a step's scratch folder: the step may write to it, and never reaches the store."""

from __future__ import annotations

import itertools
import os
import stat
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from orch import files
from orch.errors import MaterializationError

if TYPE_CHECKING:
    from orch.stores.local import LocalStore

FORGED: Final = "the artifact is damaged or forged"
_RENAME: Final = "give it a name that every system has, in the step that makes it"
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_NOT_ON_WINDOWS: Final = frozenset('\\:*?"<>|') | frozenset(map(chr, range(32)))
_DEVICES: Final = frozenset({"CON", "PRN", "AUX", "NUL", *(f"{name}{i}" for name in ("COM", "LPT") for i in "0123456789\xb9\xb2\xb3")})


def private_folder(scratch: Path, digest: str) -> Path:
    """A new folder below `scratch`, named after what will be in it: two copies of the same do not meet."""
    named = digest[7:19]
    if not named.isalnum():
        raise MaterializationError(f"{digest!r} is not a digest", hint=FORGED)
    for number in itertools.count():
        folder = scratch.absolute() / (f"{named}-{number}" if number else named)
        try:
            files.make_folders(folder.parent)
            files.make_folder(folder)
        except FileExistsError:
            continue
        return folder
    raise AssertionError("unreachable: count() does not end")


def copy_object(store: LocalStore, digest: str, target: Path, *, executable: bool) -> None:
    files.copy(store.path(digest), target, executable=executable)


def store_file(path: Path, store: LocalStore) -> tuple[str, int, bool]:
    """Digest, size and whether it may be executed; raises where the file was written to meanwhile: nobody ever had what was read."""
    before = path.stat()
    if not stat.S_ISREG(before.st_mode):
        raise MaterializationError(f"{str(path)!r} is neither a file nor a folder", hint="copy what it delivers into a file")
    digest, size = store.put_file(path)
    after = path.stat()
    if (size, after.st_size, after.st_mtime_ns, after.st_ino) != (before.st_size, before.st_size, before.st_mtime_ns, before.st_ino):
        hint = "wait for what writes it, as a process or thread that the step started, before returning"
        raise MaterializationError(f"{str(path)!r} was changed while it was copied", hint=hint)
    return digest, size, bool(before.st_mode & stat.S_IXUSR)


def checked_name(name: object, *, windows: bool = os.name == "nt") -> str:
    """A file name that stays in its folder, on this machine; names come from records, which anyone may have written."""
    if (
        not isinstance(name, str)
        or name in ("", ".", "..")
        or "\0" in name
        or "/" in name
        or (windows and (set(name) & _NOT_ON_WINDOWS or name[-1] in ". " or name.partition(".")[0].rstrip().upper() in _DEVICES))
    ):
        raise MaterializationError(f"{name!r} cannot be the name of a file or folder here", hint=FORGED if not windows else _RENAME)
    return name


def checked_path(path: object) -> PurePosixPath:
    """A relative path without `.` and `..`."""
    if not isinstance(path, str):
        raise MaterializationError(f"{path!r} cannot be a path")
    try:
        for part in path.split("/"):
            checked_name(part)
    except MaterializationError as error:
        raise MaterializationError(f"{path!r} is not a path inside its folder", hint=error.hint) from error
    return PurePosixPath(path)


def utf8_name(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise MaterializationError(f"the name of the file {name!r} is not UTF-8", hint="rename the file") from error
    return name
