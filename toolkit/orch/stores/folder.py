"""Another folder as the other side of a transport: a mounted disk, or one that several machines share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from orch import files
from orch.stores.local import LocalStore, object_file


class FolderPlace:
    """Files are copied, never linked: what happens to one side does not happen to the other."""

    errors = (OSError,)
    parallel = 1

    def __init__(self, folder: Path, url: str = "") -> None:
        self.url = url or folder.as_uri()
        self._folder = folder

    def check(self) -> None:
        pass

    def told(self, error: Exception) -> tuple[str, str]:
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        return reason, "check its address, and that this machine may reach it"

    def size(self, digest: str) -> int | None:
        try:
            return object_file(self._folder, digest).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, digest: str) -> Iterator[bytes]:
        with object_file(self._folder, digest).open("rb", buffering=0) as file:
            while piece := file.read(1 << 20):
                yield piece

    def put(self, digest: str, store: LocalStore, *, expected: bool = False) -> None:
        del expected  # to look costs nothing
        if self.size(digest) == store.size(digest):
            return
        files.unlink(object_file(self._folder, digest))
        with store.path(digest).open("rb", buffering=0) as source:
            target = LocalStore(self._folder)
            with target.create(expected=digest, source=str(store.path(digest))) as writer:
                while chunk := source.read(1 << 20):
                    writer.write(chunk)
