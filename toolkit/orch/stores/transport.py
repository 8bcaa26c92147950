"""Objects of a folder store, moved to and from somewhere else by their digests.

An object is over there whole or not at all, whoever dies while it is written, and two may write the same one at a time.
Whatever arrives is hashed on its way, and refused if it is not what its digest names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO, Final, Protocol

from orch.errors import StoreError
from orch.stores.local import LocalStore

_CHUNK: Final = 1 << 20


class Place(Protocol):
    """Somewhere else. Methods raise `errors` where it cannot be reached, or refuses; no secret is in `url`."""

    @property
    def url(self) -> str: ...
    @property
    def errors(self) -> tuple[type[Exception], ...]: ...

    def size(self, digest: str) -> int | None:
        """Of the object in bytes, None if it is not there."""

    def read(self, digest: str) -> AbstractContextManager[BinaryIO]:
        """The object's bytes, a piece at a time; what it raises where there is none is up to it."""

    def write(self, digest: str, store: LocalStore) -> None:
        """Have the object of `store` there, whole or not at all, in place of what is there."""


class Transport:
    """Raises StoreError, with the place's URL, for whatever goes wrong there."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @property
    def url(self) -> str:
        return self._place.url

    def has(self, digests: Iterable[str]) -> set[str]:
        """Those of `digests` that are there."""
        with self._reaching("look into"):
            return {digest for digest in digests if self._place.size(digest) is not None}

    def push(self, digests: Iterable[str], store: LocalStore) -> None:
        """Have the objects of `store` there. One that is there in full size is not written again; what a dead writer left is."""
        for digest in dict.fromkeys(digests):
            size = store.size(digest)
            with self._reaching("write to"):
                if self._place.size(digest) != size:
                    self._place.write(digest, store)

    def pull(self, digests: Iterable[str], store: LocalStore) -> None:
        """Have the objects in `store`, those that are not there already."""
        for digest in dict.fromkeys(digests):
            if store.has(digest):
                continue
            with self._reaching("read from"):
                if self._place.size(digest) is None:
                    raise StoreError(f"object {digest} is not in the artifact store {self.url!r}", hint="run the step that makes it again")
                with store.create(expected=digest, source=self.url) as writer, self._place.read(digest) as source:
                    while chunk := source.read(_CHUNK):
                        writer.write(chunk)

    @contextmanager
    def _reaching(self, what: str) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except self._place.errors as error:
            reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}".partition("\n")[0]
            hint = "check its address, and that this machine may reach it"
            raise StoreError(f"cannot {what} the artifact store {self.url!r}: {reason}", hint=hint) from error
