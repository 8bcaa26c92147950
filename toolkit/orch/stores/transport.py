"""Objects of a folder store, moved to and from somewhere else by their digests.

An object is over there whole or not at all, whoever dies while it is written, and two may write the same one at a time.
Whatever arrives is hashed on its way, and refused if it is not what its digest names.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from orch.errors import StoreError
from orch.stores.local import LocalStore


class Place(Protocol):
    """Somewhere else. Methods raise `errors` where it cannot be reached, or refuses; no secret is in `url`."""

    @property
    def url(self) -> str: ...
    @property
    def errors(self) -> tuple[type[Exception], ...]: ...
    @property
    def parallel(self) -> int:
        """How many objects may be on their way at a time."""

    def check(self) -> None:
        """Raise where it cannot be used at all, as far as one look tells."""

    def told(self, error: Exception) -> tuple[str, str]:
        """What one of `errors` means, and what to do about it, without credentials."""

    def size(self, digest: str) -> int | None:
        """Of the object in bytes, None if it is not there."""

    def read(self, digest: str) -> Iterator[bytes]:
        """The object's bytes, a piece at a time; raises FileNotFoundError where there is none."""

    def put(self, digest: str, store: LocalStore, *, expected: bool = False) -> None:
        """Have the object of `store` there, whole or not at all. One of its size may stay as it is; what else is there does not.

        `expected` says that it probably is there.
        """


class Transport:
    """Raises StoreError, with the place's URL, for whatever goes wrong there."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @property
    def url(self) -> str:
        return self._place.url

    def check(self) -> None:
        """Raise now what would only come out when there is something to move."""
        with self._reaching("use"):
            self._place.check()

    def has(self, digests: Iterable[str]) -> set[str]:
        """Those of `digests` that are there."""
        found: set[str] = set()

        def look(digest: str) -> None:
            with self._reaching("look into"):
                if self._place.size(digest) is not None:
                    found.add(digest)

        self._each(look, digests)
        return found

    def push(self, digests: Iterable[str], store: LocalStore, *, expected: Collection[str] = ()) -> None:
        """Have the objects of `store` there. One that is there in full size is not written again; what a dead writer left is.

        Those that are `expected` to be there are looked at first, which costs less then, and more where they are not.
        """

        def push(digest: str) -> None:
            with self._reaching("write to"):
                self._place.put(digest, store, expected=digest in expected)

        self._each(push, digests)

    def pull(self, digests: Iterable[str], store: LocalStore) -> None:
        """Have the objects in `store`, those that are not there already."""

        def pull(digest: str) -> None:
            with self._reaching("read from"):
                try:
                    with store.create(expected=digest, source=self.url) as writer:
                        for piece in self._place.read(digest):
                            writer.write(piece)
                except FileNotFoundError as error:
                    self._place.check()  # is it the object, or all of them?
                    message = f"object {digest} is not in the artifact store {self.url!r}"
                    raise StoreError(message, hint="run the step that makes it again") from error

        self._each(pull, (digest for digest in digests if not store.has(digest)))

    def _each(self, move: Callable[[str], None], digests: Iterable[str]) -> None:
        """The first that fails ends it: what has not begun by then does not."""
        unique = list(dict.fromkeys(digests))
        if self._place.parallel == 1 or len(unique) < 2:
            for digest in unique:
                move(digest)
            return
        from concurrent.futures import ThreadPoolExecutor  # where one place is asked at a time, it is never imported

        pool = ThreadPoolExecutor(min(self._place.parallel, len(unique)))
        try:
            for _ in pool.map(move, unique):
                pass
        finally:
            pool.shutdown(cancel_futures=True)

    @contextmanager
    def _reaching(self, what: str) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except self._place.errors as error:
            reason, hint = self._place.told(error)
            raise StoreError(f"cannot {what} the artifact store {self.url!r}: {reason}", hint=hint) from error
