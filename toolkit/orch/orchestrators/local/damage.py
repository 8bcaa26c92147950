"""Bytes in the store that are not what their digests name: found by who reads them first, deleted, and made again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from orch import files
from orch.errors import StoreError
from orch.model.artifacts import Artifact
from orch.model.fan import step_of
from orch.stores.local import LocalStore


def drop_damaged(outputs: Mapping[str, Artifact], root: Path) -> set[str]:
    """The steps whose outputs (`step.output`) are gone from the store at `root`, or are damaged; such bytes are deleted.

    Every byte of `outputs` is hashed.
    """
    store = LocalStore(root, verify=True)
    broken: set[str] = set()
    for name, artifact in outputs.items():
        for digest in artifact.digests:
            try:
                store.path(digest)
            except StoreError:
                _delete(digest, root)
                broken.add(step_of(name.rpartition(".")[0]))
    return broken


def _delete(digest: str, root: Path) -> None:
    try:
        files.unlink(LocalStore(root).path(digest))
    except StoreError:  # it is gone already
        pass
