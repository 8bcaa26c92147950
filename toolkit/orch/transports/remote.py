"""Whatever fsspec reaches as the other side of a transport."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from orch.stores.local import LocalStore, object_path
from orch.transports.reasons import told

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


class RemotePlace:
    """The layout is that of a folder store. Files are written aside and renamed."""

    errors = (Exception,)  # each driver has its own
    parallel = 1

    def __init__(self, url: str, system: AbstractFileSystem, root: str) -> None:
        self.url = url
        self._system = system
        self._root = root.rstrip("/")

    def check(self) -> None:
        pass

    def told(self, error: Exception) -> tuple[str, str]:
        return told(error, self.url, os.environ)

    def size(self, digest: str) -> int | None:
        self._system.invalidate_cache(self._folder(digest))  # others write there too
        try:
            return int(self._system.info(self._path(digest))["size"])
        except FileNotFoundError:
            return None

    def read(self, digest: str) -> Iterator[bytes]:
        with self._system.open(self._path(digest), "rb") as file:
            while piece := file.read(1 << 20):
                yield piece

    def put(self, digest: str, store: LocalStore, *, expected: bool = False) -> None:
        del expected  # to look costs nothing
        size = store.size(digest)
        if self.size(digest) == size:
            return
        source = str(LocalStore(store.root, verify=True).path(digest))
        aside = f"{self._root}/.writing-{os.urandom(6).hex()}"
        self._system.makedirs(self._folder(digest), exist_ok=True)
        try:
            self._system.put_file(source, aside)
            self._move(aside, digest, size)
        except BaseException:
            with suppress(Exception):
                self._system.rm_file(aside)
            raise

    def _move(self, aside: str, digest: str, size: int) -> None:
        """Some systems refuse to rename onto a file that is there: what another writer has just put there, or one of another size."""
        try:
            self._system.mv(aside, self._path(digest))
        except Exception:
            there = self.size(digest)
            if there is None:
                raise
            if there == size:
                self._system.rm_file(aside)
            else:
                self._system.rm_file(self._path(digest))
                self._system.mv(aside, self._path(digest))

    def _folder(self, digest: str) -> str:
        return self._path(digest).rpartition("/")[0]

    def _path(self, digest: str) -> str:
        return f"{self._root}/{object_path(digest)}"
