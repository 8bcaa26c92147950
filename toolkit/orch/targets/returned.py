"""What a step left where it ran, from a tar of its folder: the record, and of the objects those that the record names, by digest."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Final, cast

from orch.errors import StoreError, TargetError
from orch.model.records import StepRecord
from orch.runtime import parcels
from orch.stores.local import LocalStore, object_path

_CHUNK: Final = 1 << 20
_LARGEST_RECORD: Final = 1 << 26  # bytes
_RECORD: Final = f"{parcels.MADE}/{parcels.RECORD}"


def take_back(read: Callable[[], Iterable[bytes]], store: LocalStore) -> StepRecord | None:
    """`read` gives the tar from its start, again if need be; nothing is ever written but objects whose bytes are those of their digest."""
    record: StepRecord | None = None
    wanted: dict[str, str] = {}
    for _ in range(2):  # once, where the record comes first, as engines sort names
        with tarfile.open(fileobj=cast("IO[bytes]", _Stream(read())), mode="r|") as tar:
            for member in tar:
                if record is None and member.name == _RECORD and member.isreg() and member.size <= _LARGEST_RECORD:
                    record = StepRecord.read(_content(tar, member).read())
                    missing = (digest for digest in parcels.made(record.outputs) if not store.has(digest))
                    wanted = {f"{parcels.MADE}/{parcels.STORE}/{object_path(digest)}": digest for digest in missing}
                elif member.isreg() and member.name in wanted:
                    _keep(_content(tar, member), wanted.pop(member.name), store)
        if record is None or not wanted:
            return record
    raise TargetError(f"the step's record names object {next(iter(wanted.values()))}, which is not among what came back")


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(member)
    assert content is not None
    return content


def _keep(content: IO[bytes], digest: str, store: LocalStore) -> None:
    try:
        with store.create(expected=digest, source="what the step left") as writer:
            while chunk := content.read(_CHUNK):
                writer.write(chunk)
    except StoreError as error:
        raise TargetError(f"what came back is damaged: {error.message}", hint=error.hint) from error


class _Stream:
    """Chunks as a file that is read once."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self._held = b""

    def read(self, size: int) -> bytes:
        parts = [self._held]
        length = len(self._held)
        while length < size and (chunk := next(self._chunks, b"")):
            parts.append(chunk)
            length += len(chunk)
        data = b"".join(parts)
        self._held = data[size:]
        return data[:size]
