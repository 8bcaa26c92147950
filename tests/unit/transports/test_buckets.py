"""Servers that refuse in words of their own; those that tests can start are in tests/contract."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from orch.stores.local import LocalStore, object_path
from orch.stores.transport import Transport
from orch.transports.buckets import BucketPlace

MINIO = OSError(errno.EINVAL, "At least one of the pre-conditions you specified did not hold")
CONFLICT = OSError(errno.EIO, "The conditional request cannot succeed due to a conflicting operation against this resource.")
UNKNOWN = OSError(errno.ENOSYS, "A header you provided implies functionality that is not implemented.")


class Refusing(MemoryFileSystem):  # type: ignore[misc]
    """Answers the first creations with `refusals`, and keeps how it was asked."""

    cachable = False

    def __init__(self, *refusals: OSError) -> None:
        super().__init__()
        self.refusals = list(refusals)
        self.modes: list[str] = []

    def put_file(self, lpath: str, rpath: str, *_: object, mode: str = "overwrite", **__: object) -> None:
        self.modes.append(mode)
        if mode == "create" and self.refusals:
            raise self.refusals.pop(0)
        self.pipe_file(rpath, Path(lpath).read_bytes())


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    yield
    MemoryFileSystem.store.clear()


def push(system: Refusing, folder: Path, there: bytes | None = None) -> tuple[list[str], bytes]:
    """How it was written, and what is there afterwards."""
    store = LocalStore(folder)
    path = f"/bucket/{object_path(digest := store.put(b'the right bytes'))}"
    if there is not None:
        system.pipe_file(path, there)
    Transport(BucketPlace("s3://bucket", system, "/bucket", "")).push([digest], store)
    data: Any = system.cat_file(path)
    return system.modes, data


@pytest.mark.parametrize("refusal", [MINIO, FileExistsError("File already exists!")])
def test_whoever_was_first_is_believed_by_the_bytes(refusal: OSError, tmp_path: Path) -> None:
    assert push(Refusing(refusal), tmp_path, b"the right bytes") == (["create"], b"the right bytes")


@pytest.mark.parametrize("there", [b"the wrong bytes", b"the right", b""])
def test_what_is_there_instead_is_replaced(there: bytes, tmp_path: Path) -> None:
    assert push(Refusing(MINIO), tmp_path, there) == (["create", "overwrite"], b"the right bytes")


def test_two_who_write_at_the_same_moment_try_again(tmp_path: Path) -> None:
    assert push(Refusing(CONFLICT, CONFLICT), tmp_path) == (["create", "create", "create"], b"the right bytes")


def test_a_server_without_conditions_is_written_to_all_the_same(tmp_path: Path) -> None:
    assert push(Refusing(UNKNOWN), tmp_path) == (["create", "overwrite"], b"the right bytes")
