"""Whether files are still what they were when they were read, by what the file system says of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

_COARSE: Final = 20_000_000  # nanoseconds by which a file system's clock may lag behind

_Stamp = tuple[int, int, int, int]


class Stamps:
    """Taken after the files were read; `since` is a moment before that, in seconds since 1970.

    A file that was changed after `since` counts as changed: what was read of it may be from before.
    """

    def __init__(self, files: Iterable[str], *, since: float) -> None:
        latest = int(since * 1e9) - _COARSE
        self._stamps = {file: stamp for file in files if (stamp := _stamp(file)) and stamp[0] < latest}
        self._known: dict[str, bool] = {}

    def hold(self, files: Iterable[str]) -> bool:
        """Whether none of `files` was changed; each is looked at once until `look_again`."""
        return all(self._holds(file) for file in files)

    def look_again(self) -> None:
        self._known.clear()

    def _holds(self, file: str) -> bool:
        if file not in self._known:
            self._known[file] = file in self._stamps and _stamp(file) == self._stamps[file]
        return self._known[file]


def _stamp(file: str) -> _Stamp | None:
    try:
        found = os.stat(file)  # noqa: PTH116 - hundreds of them, between two steps
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
