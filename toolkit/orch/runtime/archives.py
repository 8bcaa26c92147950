"""Artifacts of earlier runs, opened with care: only what is asked for by name comes out of a zip file, and never more than expected."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from orch.errors import RecordError, StoreError
from orch.model.records import StepRecord
from orch.runtime.delivered import RECORDS
from orch.stores.local import LocalStore, object_path

LARGEST_RECORD: Final = 32 << 20
_CHUNK: Final = 1 << 20
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


def read_member(file: Path, name: str, *, limit: int) -> bytes:
    """One file of a zip file; raises RecordError where there is none, or a larger one than `limit` bytes."""
    with _opened(file) as zipped, _member(zipped, name) as member:
        data = member.read(limit + 1)
        if len(data) > limit:
            raise RecordError(f"{name!r} in an artifact is larger than {limit} bytes")
        return data


def unpack_outputs(file: Path, store: LocalStore, step: str) -> StepRecord:
    """Put what the record in an artifact names into `store`, each object checked against its digest, and give back the record.

    The artifact is that of the job of `step`, which other steps may have shared.
    """
    record = StepRecord.read(read_member(file, _record_of(file, step), limit=LARGEST_RECORD))
    with _opened(file) as zipped:
        for output in record.outputs.values():
            left = output.size + LARGEST_RECORD  # sizes are of contents, the root document of a folder comes on top
            for digest in dict.fromkeys(output.digests):
                if store.has(digest):
                    continue
                try:
                    with _member(zipped, object_path(digest)) as member, store.create(expected=digest, source="an artifact") as writer:
                        while chunk := member.read(_CHUNK):
                            left -= len(chunk)
                            if left < 0:
                                raise RecordError("an artifact holds more than its record says")
                            writer.write(chunk)
                except StoreError as error:
                    raise RecordError(f"an artifact is damaged: {error.message}") from error
    return record


def _record_of(file: Path, step: str) -> str:
    with _opened(file) as zipped:
        own = f"{RECORDS}/{step}.json"
        return own if own in zipped.NameToInfo else "record.json"


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as zipped:
            yield zipped
    except _BROKEN as error:
        raise RecordError(f"an artifact is damaged: {type(error).__name__}: {error}") from error


@contextmanager
def _member(zipped: zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
    try:
        member = zipped.open(name)
    except KeyError:
        raise RecordError(f"an artifact has no {name!r}") from None
    with member:
        yield member
