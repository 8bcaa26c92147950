"""Another folder as the other side of a transport: a mounted disk, or one that several machines share."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from orch import files
from orch.stores.local import LocalStore, object_file


class FolderPlace:
    """Files are copied, never linked: what happens to one side does not happen to the other."""

    errors = (OSError,)

    def __init__(self, folder: Path, url: str = "") -> None:
        self.url = url or folder.as_uri()
        self._folder = folder

    def size(self, digest: str) -> int | None:
        try:
            return object_file(self._folder, digest).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, digest: str) -> BinaryIO:
        return object_file(self._folder, digest).open("rb", buffering=0)

    def write(self, digest: str, store: LocalStore) -> None:
        files.unlink(object_file(self._folder, digest))
        with store.path(digest).open("rb", buffering=0) as source:
            target = LocalStore(self._folder)
            with target.create(expected=digest, source=str(store.path(digest))) as writer:
                while chunk := source.read(1 << 20):
                    writer.write(chunk)
