"""Which materializer keeps a value, and the two functions that everyone calls.

Types of numpy, pandas and others are told by where their class says it comes from, so that nothing is imported to find out.
"""

from __future__ import annotations

import os
import pathlib
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from orch.errors import MaterializationError, OrchError
from orch.materializers import documents, files, folders, pickles, registered
from orch.materializers.classes import package
from orch.materializers.previews import finish, preview
from orch.model.artifacts import GATHER

if TYPE_CHECKING:
    from orch.model.artifacts import Artifact
    from orch.stores.local import LocalStore


class Materializer(Protocol):
    """A module that keeps whole values of some types; `documents` puts them together."""

    NAME: str

    def save(self, value: object, store: LocalStore) -> Artifact:
        """Store `value` so that `load` gives the same again; raise MaterializationError where it would not be the same."""

    def load(self, artifact: Artifact, store: LocalStore, scratch: pathlib.Path) -> object:
        """A value of the caller's own: changing it changes no object."""


WHOLE: Final = ("npy", "arrow", "table", "polars", "safetensors", "file", "folder", "pickle")  # each a module of its own
_NEWER: Final = "install the version of orch-toolkit that wrote it, or a later one"


def save(
    value: object,
    store: LocalStore,
    *,
    annotation: str = "",
    may_pickle: bool = True,
    mask: Callable[[str], str] | None = None,
) -> Artifact:
    """Store `value`; what would not come back the same raises MaterializationError, and the text of `annotation` is named in it.

    Without `may_pickle`, what only a pickle could keep raises, too. The preview has gone through `mask` before it was cut.
    """
    try:
        artifact = _save(value, store, may_pickle=may_pickle)
    except MaterializationError as error:
        if not annotation:
            raise
        message = f"{error.message} (declared as {annotation!r})"
        raise MaterializationError(message, hint=error.hint, where=error.where) from (error.__cause__ or error)
    length = len(value) if type(value) in (list, tuple) else None  # type: ignore[arg-type]
    return replace(artifact, preview=finish(artifact.preview, mask) if artifact.preview else preview(value, mask), length=length)


def _save(value: object, store: LocalStore, *, may_pickle: bool) -> Artifact:
    def save_whole(value: object) -> Artifact:
        if registered.of(value):
            return registered.save(value, store)
        materializer = _materializer(value)
        if materializer is pickles and not may_pickle:
            raise pickles.forbidden(value)
        return materializer.save(value, store)

    if documents.holds(value) and not _is_state_dict(value):
        try:
            return documents.save(value, store, save_whole)
        except RecursionError:  # lists that hold themselves, or thousands in each other
            if not may_pickle:
                raise pickles.forbidden(value) from None
            return pickles.save(value, store)
    return save_whole(value)


def load(
    artifact: Artifact,
    store: LocalStore,
    *,
    scratch: pathlib.Path,
    project: pathlib.Path | None = None,
    may_unpickle: bool = True,
    item: int | None = None,
) -> object:
    """The value of `artifact`, or of one `item` of a list; files and folders become private copies below `scratch`.

    `project` is the root of the code whose classes may be imported; without it, those that are loaded already are found.
    """

    def load_whole(artifact: Artifact) -> object:
        if artifact.materializer == registered.NAME:
            return registered.load(artifact, store, scratch, project)
        materializer = _module(artifact.materializer)
        if materializer is None:
            raise MaterializationError(f"{_named(artifact)} was written by a materializer that this version lacks", hint=_NEWER)
        if materializer is pickles and not may_unpickle:
            raise pickles.forbidden_to_load(artifact)
        return materializer.load(artifact, store, scratch)

    try:
        if artifact.materializer == GATHER:
            wanted = artifact.items if item is None else artifact.items[item : item + 1]
            made = [load(each, store, scratch=scratch, project=project, may_unpickle=may_unpickle) for each in wanted]
            return made if item is None else made[0]
        if artifact.materializer == documents.NAME:
            return documents.load(artifact, store, load_whole, project, item=item)
        whole = load_whole(artifact)
        return whole if item is None else whole[item]  # type: ignore[index]
    except (OrchError, MemoryError):
        raise
    except ModuleNotFoundError as error:
        hint = f"the step that made it had {error.name!r}: add it to the requirements of this one"
        raise MaterializationError(f"{_named(artifact)} needs a module that is not here: {error.name!r}", hint=hint) from error
    except Exception as error:
        raise MaterializationError(f"{_named(artifact)} cannot be read back: {type(error).__name__}: {error}") from error


def _module(name: str) -> Materializer | None:
    """Who keeps neither arrays nor frames nor tensors does not wait for what they need."""
    match name:
        case "npy":
            from orch.materializers import arrays

            return arrays
        case "arrow":
            from orch.materializers import frames

            return frames
        case "table":
            from orch.materializers import tables

            return tables
        case "polars":
            from orch.materializers import polars_frames

            return polars_frames
        case "safetensors":
            from orch.materializers import tensors

            return tensors
        case _:
            return {files.NAME: files, folders.NAME: folders, pickles.NAME: pickles}.get(name)


def _materializer(value: object) -> Materializer:
    if isinstance(value, pathlib.Path):
        return folders if type(value) in files.PATHS and os.path.isdir(value) else files  # noqa: PTH112 -- never raises
    if _is_state_dict(value):
        from orch.materializers import tensors

        return tensors
    match package(type(value)):
        case "numpy":
            from orch.materializers import arrays

            return arrays if arrays.takes(value) else pickles
        case "pandas":
            from orch.materializers import frames

            return frames if frames.takes(value) else pickles
        case "pyarrow":
            from orch.materializers import tables

            return tables if tables.takes(value) else pickles
        case "polars":
            from orch.materializers import polars_frames

            return polars_frames if polars_frames.takes(value) else pickles
        case "torch":
            from orch.materializers import tensors

            return tensors if tensors.takes(value) else pickles
        case _:
            return pickles


def _is_state_dict(value: object) -> bool:
    """Whether a dict is kept as one file of tensors, and not as a document with a file for each."""
    if not isinstance(value, dict) or "torch" not in sys.modules or any(map(registered.of, value.values())):
        return False
    from orch.materializers import tensors

    return tensors.is_state_dict(value)


def _named(artifact: Artifact) -> str:
    return f"the {artifact.materializer} artifact {artifact.digest}"
