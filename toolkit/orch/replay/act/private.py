"""The folder that one run of act has for itself, made and removed; those of runs that were killed are removed by the next."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from orch import locks
from orch.errors import StoreError, UsageError
from orch.replay.act.command import Private
from orch.runtime import interrupts

_PREFIX: Final = "orch-act-"
_LOCK: Final = "lock"  # taken by the process whose folder it is


@contextlib.contextmanager
def private_folder(keep: Path | None) -> Iterator[Private]:
    """Removed at the end, and when this program is asked to stop; of one that is to be kept, only what holds secrets."""
    with interrupts.raised(), _removed() as hidden:
        yield Private(hidden if keep is None else _made(keep), hidden)


def _made(keep: Path) -> Path:
    try:
        keep.mkdir(parents=True, exist_ok=True)
        is_empty = not any(keep.iterdir())
    except OSError as error:
        hint = "name a folder that does not exist yet, where you may make one"
        raise StoreError(f"--keep {str(keep)!r} cannot be made a folder: {error.strerror or error}", hint=hint) from error
    if not is_empty:
        raise UsageError(f"the folder {str(keep)!r} is not empty", hint="name one that does not exist yet")
    return keep.resolve()


@contextlib.contextmanager
def _removed() -> Iterator[Path]:
    _remove_leftovers()
    root, lock = _new()
    with lock:
        try:
            yield root
        finally:
            shutil.rmtree(root, ignore_errors=True)


def _new() -> tuple[Path, locks.Lock]:
    while True:
        root = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
        lock = locks.take(root / _LOCK)
        if (root / _LOCK).exists():
            return root, lock
        lock.close()  # another one took it for a leftover, before it was locked


def _remove_leftovers() -> None:
    """The folders of this user's runs whose process is gone: a kill leaves the secrets that act was to read."""
    for folder in sorted(Path(tempfile.gettempdir()).glob(f"{_PREFIX}*")):
        with contextlib.suppress(OSError):
            if not _is_own(folder) or not (folder / _LOCK).is_file():
                continue
            if lock := locks.try_take(folder / _LOCK):
                with lock:
                    if lock.is_real:
                        Private(folder, folder).secrets.unlink(missing_ok=True)
                        shutil.rmtree(folder, ignore_errors=True)


def _is_own(folder: Path) -> bool:
    found = folder.lstat()
    return sys.platform != "win32" and stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
