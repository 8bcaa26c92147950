"""Object stores of clouds as the other side of a transport: an object appears there when its last byte has arrived."""

from __future__ import annotations

import errno
import hashlib
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orch.stores.local import LocalStore
from orch.transports.drivers import PARALLEL, PART
from orch.transports.reasons import status_of
from orch.transports.remote import RemotePlace

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

# Written without a look whether it is there: the server refuses to write it twice, which costs less than to ask before.
_SMALL: Final = 1 << 20
# How drivers cut what they send; Azure's was told when it was opened.
_PARTS: Final = {"s3": {"chunksize": PART, "max_concurrency": 2}, "gcs": {"chunksize": PART}}
_TRIES: Final = 5
_SLOWEST: Final = 1 << 16  # bytes a second


class BucketPlace(RemotePlace):
    """Objects are created and not replaced, but for what is there under a digest that is not its own."""

    parallel = PARALLEL

    def __init__(self, url: str, system: AbstractFileSystem, root: str, kind: str, timeout: float = 30) -> None:
        super().__init__(url, system, root)
        self._kind = kind
        self._timeout = timeout
        self._options: dict[str, Any] = _PARTS.get(kind, {})
        self._large = threading.BoundedSemaphore(2)  # what several parts of several objects take of the memory

    def check(self) -> None:
        bucket = self._system.split_path(self._root)[0]
        if self._kind == "gcs":  # whose roles for objects may list a bucket, and not look at it
            self._system.call("GET", "b/{}/o", bucket, maxResults=1)
        else:
            self._system.info(bucket)

    def size(self, digest: str) -> int | None:
        """In one request: what drivers call the information of a path looks for folders, too."""
        if self._kind not in ("s3", "gcs"):
            return super().size(digest)
        bucket, key, _ = self._system.split_path(self._path(digest))
        try:
            if self._kind == "s3":
                return int(self._system.call_s3("head_object", Bucket=bucket, Key=key)["ContentLength"])
            return int(self._system.call("GET", "b/{}/o/{}", bucket, key, json_out=True)["size"])
        except FileNotFoundError:
            return None

    def put(self, digest: str, store: LocalStore, *, expected: bool = False) -> None:
        source, size = LocalStore(store.root, verify=True).path(digest), store.size(digest)
        if (expected or size > _SMALL) and self.size(digest) == size:
            return
        with self._turn(size):
            if not self._create(source, digest):
                self._upload(source, digest, mode="overwrite")

    def read(self, digest: str) -> Iterator[bytes]:
        """Without asking for the size first: most objects end within the first piece."""
        yield (piece := self._piece(digest, 0, _SMALL))
        at = len(piece)
        if at == _SMALL:
            with self._large:
                while piece := self._piece(digest, at, PART):
                    yield piece
                    at += len(piece)

    def _piece(self, digest: str, at: int, size: int) -> bytes:
        try:
            piece: bytes = self._system.cat_file(self._path(digest), start=at, end=at + size)
        except Exception as error:
            if status_of(error) == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:  # at the end, or empty
                return b""
            raise
        return piece

    def _turn(self, size: int) -> AbstractContextManager[object]:
        return self._large if size > _SMALL else nullcontext()

    def _create(self, source: Path, digest: str) -> bool:
        """Whether the object is there now, by whoever wrote it."""
        for _ in range(_TRIES):
            try:
                self._upload(source, digest, mode="create")
            except Exception as error:
                if _cannot_create(error):
                    return False
                if _was_there(error):
                    return self._is_whole(digest)
                if not _is_being_written(error):
                    raise
            else:
                return True
        return self._is_whole(digest)

    def _upload(self, source: Path, digest: str, *, mode: str) -> None:
        # Of the whole transfer: drivers wait for answers so long and no longer, but for room to send on without an end.
        limit = 10 * self._timeout + source.stat().st_size / _SLOWEST
        self._system.put_file(str(source), self._path(digest), mode=mode, timeout=limit, **self._options)

    def _is_whole(self, digest: str) -> bool:
        found = hashlib.sha256()
        try:
            for piece in self.read(digest):
                found.update(piece)
        except FileNotFoundError:
            return False
        return digest == f"sha256:{found.hexdigest()}"


def _was_there(error: Exception) -> bool:
    """As S3, Google and Azure say it by their drivers; and as MinIO does."""
    return isinstance(error, FileExistsError) or (getattr(error, "errno", 0) == errno.EINVAL and "pre-condition" in str(error))


def _is_being_written(error: Exception) -> bool:
    """S3's ConditionalRequestConflict: two write the same object at this moment, and neither has."""
    return "conditional request cannot succeed" in str(error)


def _cannot_create(error: Exception) -> bool:
    """A server that knows S3 without conditions."""
    return getattr(error, "errno", 0) == errno.ENOSYS
