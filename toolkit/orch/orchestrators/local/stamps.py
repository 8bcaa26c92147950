"""Whether files are still what they were when they were read, by what the file system says of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from orch.runtime import clock

_TICK: Final = 0.02  # seconds by which a file system's clock may lag behind, and within which two changes may look like one

_Stamp = tuple[int, int, int, int]


class Stamps:
    """`read` names files by what was read of them, `sha256:...`, after the moment `since`, in seconds since 1970.

    A file that was changed since that moment is read once more: what it holds now need not be what was read.
    """

    def __init__(self, read: Mapping[str, str], *, since: float) -> None:
        self._stamps = {file: _stamp(file) for file in read}
        recent = [file for file, stamp in self._stamps.items() if stamp and stamp[0] >= (since - _TICK) * 1e9]
        if recent:
            clock.sleep(_TICK)
            for file in recent:
                stamp = _stamp(file)
                self._stamps[file] = stamp if _digest(file) == read[file] else None

    def hold(self, files: Iterable[str]) -> bool:
        """Whether none of `files` was changed."""
        return all((known := self._stamps[file]) is not None and _stamp(file) == known for file in files)


def _stamp(file: str) -> _Stamp | None:
    try:
        found = os.stat(file)  # noqa: PTH116 - hundreds of them, between two steps
    except OSError:
        return None
    return found.st_ctime_ns, found.st_mtime_ns, found.st_size, found.st_ino


def _digest(file: str) -> str:
    try:
        return f"sha256:{hashlib.sha256(Path(file).read_bytes()).hexdigest()}"
    except OSError:
        return ""
