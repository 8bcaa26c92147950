"""One file as its bytes: its digest is the file's SHA-256. Its name, and whether it may be executed, go with the record."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any, Final

from orch.errors import MaterializationError
from orch.materializers.classes import type_name
from orch.materializers.copies import checked_name, copy_object, private_folder, store_file, utf8_name
from orch.materializers.previews import size_text
from orch.model.artifacts import Artifact

if TYPE_CHECKING:
    from orch.stores.local import LocalStore

NAME: Final = "file"
PATHS: Final = (pathlib.PosixPath, pathlib.WindowsPath, pathlib.Path)


def save(value: Any, store: LocalStore) -> Artifact:
    path: pathlib.Path = value
    if type(path) not in PATHS:
        message = f"{type_name(path)!r} is not pathlib's own Path: what it stands for may not be on this disk"
        raise MaterializationError(message, hint="return pathlib.Path(...) of a local file")
    try:
        digest, size, is_executable = store_file(path, store)
    except FileNotFoundError as error:
        message = f"the file {str(path)!r} that was returned does not exist"
        hint = "write it before returning it; a relative path starts at the project's root. A path that is only a name: return str(path)"
        raise MaterializationError(message, hint=hint) from error
    except OSError as error:
        raise MaterializationError(f"the file {str(path)!r} cannot be read: {error.strerror}") from error
    meta: dict[str, object] = {"name": utf8_name(path.name)}
    if is_executable:
        meta["executable"] = True
    preview = f"{path.name}, {size_text(size)}"
    return Artifact(digest=digest, size=size, materializer=NAME, type="pathlib.Path", meta=meta, preview=preview)


def load(artifact: Artifact, store: LocalStore, scratch: pathlib.Path) -> object:
    meta = artifact.meta or {}
    target = private_folder(scratch, artifact.digest) / checked_name(meta.get("name"))
    copy_object(store, artifact.digest, target, executable=bool(meta.get("executable")))
    return target
