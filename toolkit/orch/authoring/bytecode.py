"""Bytecode of first-party modules, never of a source as it was before its last edit.

Python takes what is in `__pycache__` for a source of the same size and the same time in whole seconds. So an edit of a
digit in the second of a run would be executed as the code before it, now and later, and its result be kept under the
cache key of the code after it. Here bytecode counts only if it was written clearly after the source was last touched.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from typing import Final

_LATER: Final = 1_000_000_000  # nanoseconds: who compiled may have read the source a while before writing
_STANDARD: Final = os.path.dirname(os.__file__)  # noqa: PTH120 - as import paths are, text
_OWN: Final = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120


class FirstPartyLoader(SourceFileLoader):
    """Python's own, but for what it takes from `__pycache__`."""

    def get_data(self, path: str) -> bytes:
        if path.endswith(tuple(BYTECODE_SUFFIXES)) and not _is_later(path, self.path):
            raise OSError(f"{path!r} may be of the source as it was before")  # Python compiles the source then
        return super().get_data(path)


def _is_later(bytecode: str, source: str) -> bool:
    """The time of a change counts, which no program can set, and that of the last write, where the system has no other."""
    touched = Path(source).stat()
    return Path(bytecode).stat().st_mtime_ns > max(touched.st_mtime_ns, touched.st_ctime_ns) + _LATER


def trust_no_old_bytecode() -> None:
    """Of modules that are found from now on, and are neither Python's own, nor installed, nor ours."""
    if _find not in sys.path_hooks:
        sys.path_hooks.insert(0, _find)
        for path in [path for path in sys.path_importer_cache if _is_first_party(path)]:
            del sys.path_importer_cache[path]


def _is_first_party(path: str) -> bool:
    return not (path.startswith((_STANDARD, _OWN)) or "site-packages" in path or "dist-packages" in path)


def _find(path: str) -> FileFinder:
    """A hook of `sys.path_hooks`."""
    if not _is_first_party(path) or not os.path.isdir(path):  # noqa: PTH112 - asked for every folder of packages
        raise ImportError(f"{path!r} is left to Python", path=path)
    return FileFinder(
        path, (ExtensionFileLoader, EXTENSION_SUFFIXES), (FirstPartyLoader, SOURCE_SUFFIXES), (SourcelessFileLoader, BYTECODE_SUFFIXES)
    )
