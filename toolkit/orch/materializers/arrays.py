"""numpy arrays as `.npy`: dtype, shape and C or Fortran order as they were, never a pickle inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orch.errors import MaterializationError
from orch.materializers import dtypes, npy
from orch.model.artifacts import Artifact

if TYPE_CHECKING:
    from pathlib import Path

    from orch.stores.local import LocalStore

NAME: Final = "npy"


def takes(value: Any) -> bool:
    """A plain array whose dtype `.npy` can describe: no subclass, no objects, no dtype of another package."""
    import numpy as np

    return type(value) is np.ndarray and dtypes.are_described(value.dtype)


def save(value: Any, store: LocalStore) -> Artifact:
    """What is no content, that it is read-only and how long doubles are on this machine, goes with the record."""
    meta: dict[str, object] = {}
    if not value.flags.writeable:
        meta["writeable"] = False
    if dtypes.has_long_doubles(value.dtype):
        meta["longdouble"] = dtypes.long_double_bits()
    with store.create() as writer:
        npy.write(dtypes.without_padding(value), writer)
    return Artifact(writer.digest, writer.size, NAME, type="numpy.ndarray", meta=meta or None)


def load(artifact: Artifact, store: LocalStore, scratch: Path) -> object:  # noqa: ARG001 -- every materializer has it
    meta = artifact.meta or {}
    with store.path(artifact.digest).open("rb") as file:
        array = npy.read(file)
    if dtypes.has_long_doubles(array.dtype) and meta.get("longdouble") != dtypes.long_double_bits():
        message = "the array holds long doubles, whose bytes are other numbers on this machine"
        raise MaterializationError(message, hint="return it as float64: array.astype('f8')")
    if meta.get("writeable") is False:
        array.flags.writeable = False
    return array
