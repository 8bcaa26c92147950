"""numpy arrays as `.npy`: dtype, shape and C or Fortran order as they were, never a pickle inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orch.materializers.previews import preview
from orch.model.artifacts import Artifact

if TYPE_CHECKING:
    from pathlib import Path

    from orch.stores.local import LocalStore, Writer

NAME: Final = "npy"
# A header is as long as its structured dtype has names. numpy's default guards strangers' files; these are hashed.
_HEADER: Final = 1 << 20
_VERSIONS: Final = ((1, 0), (2, 0), (3, 0))


def takes(value: Any) -> bool:
    """A plain array whose dtype `.npy` can describe: no subclass, no objects, no dtype of another package."""
    import numpy as np

    if type(value) is not np.ndarray or value.dtype.hasobject or value.dtype.metadata or value.dtype.isbuiltin == 2:
        return False
    try:
        return bool(np.lib.format.descr_to_dtype(np.lib.format.dtype_to_descr(value.dtype)) == value.dtype)
    except (TypeError, ValueError):
        return False


def save(value: Any, store: LocalStore) -> Artifact:
    with store.create() as writer:  # written in blocks, so a large array is not held twice
        _write(value, writer)
    return Artifact(
        digest=writer.digest,
        size=writer.size,
        materializer=NAME,
        type="numpy.ndarray",
        preview=preview(value),
        comparable=_is_determined(value.dtype),
    )


def _write(array: Any, writer: Writer) -> None:
    """In the oldest version of the format that can describe the array, which is numpy's own choice, without its warning."""
    import numpy as np

    for version in _VERSIONS:
        try:
            np.lib.format.write_array(writer, array, version, allow_pickle=False)
        except ValueError:  # raised before anything is written; a name outside Latin-1 is one, too
            if writer.size or version == _VERSIONS[-1]:
                raise
        else:
            return


def load(artifact: Artifact, store: LocalStore, scratch: Path) -> object:  # noqa: ARG001 -- every materializer has it
    import numpy as np

    with store.path(artifact.digest).open("rb") as file:
        return np.lib.format.read_array(file, allow_pickle=False, max_header_size=_HEADER)


def _is_determined(dtype: Any) -> bool:
    """Whether equal values have equal bytes: padding, in long doubles and aligned structures, may hold anything."""
    if dtype.subdtype:
        return _is_determined(dtype.subdtype[0])
    if dtype.names:
        parts = [dtype.fields[name][0] for name in dtype.names]
        return sum(part.itemsize for part in parts) == dtype.itemsize and all(map(_is_determined, parts))
    return dtype.char not in "gG"
