"""Which materializer keeps a value, and the two functions that everyone calls.

Types of numpy and pandas are told by where their class says it comes from, so that nothing is imported to find out.
"""

from __future__ import annotations

import os
import pathlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from orch.errors import MaterializationError, OrchError
from orch.materializers import arrays, documents, files, folders, frames, pickles
from orch.materializers.classes import package

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


_WHOLE: Final[MappingProxyType[str, Materializer]] = MappingProxyType(
    {
        arrays.NAME: arrays,
        files.NAME: files,
        folders.NAME: folders,
        frames.NAME: frames,
        pickles.NAME: pickles,
    }
)


def save(value: object, store: LocalStore, *, annotation: str = "") -> Artifact:
    """Store `value`; what would not come back the same raises MaterializationError, and the text of `annotation` is named in it."""
    try:
        if documents.holds(value):
            try:
                return documents.save(value, store, _save_whole)
            except RecursionError:  # lists that hold themselves, or thousands in each other
                return pickles.save(value, store)
        return _save_whole(value, store)
    except MaterializationError as error:
        if not annotation:
            raise
        raise MaterializationError(f"{error.message} (declared as {annotation!r})", hint=error.hint, where=error.where) from error


def load(artifact: Artifact, store: LocalStore, *, scratch: pathlib.Path) -> object:
    """The value of `artifact`; files and folders become private copies below `scratch`."""
    try:
        if artifact.materializer == documents.NAME:
            return documents.load(artifact, store, lambda leaf: _load_whole(leaf, store, scratch))
        return _load_whole(artifact, store, scratch)
    except (OrchError, MemoryError):
        raise
    except ModuleNotFoundError as error:
        hint = f"the step that made it had {error.name!r}: add it to the requirements of this one"
        raise MaterializationError(f"{_named(artifact)} needs a module that is not here: {error.name!r}", hint=hint) from error
    except Exception as error:
        raise MaterializationError(f"{_named(artifact)} cannot be read back: {type(error).__name__}: {error}") from error


def _save_whole(value: object, store: LocalStore) -> Artifact:
    return _materializer(value).save(value, store)


def _load_whole(artifact: Artifact, store: LocalStore, scratch: pathlib.Path) -> object:
    materializer = _WHOLE.get(artifact.materializer)
    if materializer is None:
        hint = "install the version of orch-toolkit that wrote it, or a later one"
        raise MaterializationError(f"{_named(artifact)} was written by a materializer that this version lacks", hint=hint)
    return materializer.load(artifact, store, scratch)


def _materializer(value: object) -> Materializer:
    if isinstance(value, pathlib.Path):
        return folders if type(value) in files.PATHS and os.path.isdir(value) else files  # noqa: PTH112 -- never raises
    match package(type(value)):
        case "numpy" if arrays.takes(value):
            return arrays
        case "pandas" if frames.takes(value):
            return frames
        case _:
            return pickles


def _named(artifact: Artifact) -> str:
    return f"the {artifact.materializer} artifact {artifact.digest}"
