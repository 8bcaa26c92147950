"""What a step may change in its process besides its own values, noted at the start and put back after each step.

As far as a process can be made new without starting one: threads, imported modules and random states stay as they are.
"""

from __future__ import annotations

import _locale
import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, Any

from orch import files, system

if TYPE_CHECKING:
    from collections.abc import Mapping


class Surroundings:
    """Made while descriptor 2 is where output goes and before any code of the user's has run; descriptor 1 follows it."""

    def __init__(self) -> None:
        self._nothing = os.open(os.devnull, os.O_RDWR)
        self._log = os.dup(2)
        self._environment = dict(os.environ)
        self._variables = dict(_variables())
        self._process = system.ProcessState()
        self._locale = _locale.setlocale(_locale.LC_ALL)
        self._streams = (_text_stream(1), _text_stream(2))
        self._connect()

    def close_in_forks(self, *private: int) -> None:
        """In a fork, `private` and our own descriptors lead nowhere: it must not answer for us, and not seem to be us once we are gone."""
        system.in_forks(lambda: [os.dup2(self._nothing, number) for number in (*private, self._log)])

    def restore_process(self) -> None:
        """After the user's code: what it printed is out, and what it set up does not reach into what comes next."""
        self.flush()
        if any(stream.closed for stream in self._streams):
            self._streams = (_text_stream(1), _text_stream(2))
        self._connect()
        self._process.restore()
        if _locale.setlocale(_locale.LC_ALL) != self._locale:
            _locale.setlocale(_locale.LC_ALL, self._locale)

    def end_log(self, mark: bytes) -> None:
        """All that the step has printed is out, and `mark` after it."""
        self.flush()
        if mark:
            files.write_all(self._log, mark)

    def flush(self) -> None:
        for stream in (getattr(sys, "stdout", None), getattr(sys, "stderr", None), *self._streams):
            _flush(stream)

    def start_in(self, folder: str, scratch: str) -> None:
        """Before a step: its working directory, its environment and an empty scratch folder."""
        os.chdir(folder)
        if _variables() != self._variables:
            os.environ.clear()
            os.environ.update(self._environment)
        with os.scandir(scratch) as left_behind:
            for entry in left_behind:
                if entry.is_dir(follow_symlinks=False):
                    if entry.path != _multiprocessing_folder():
                        files.remove_tree(entry.path, ignore_errors=True)
                else:
                    files.unlink(entry.path)

    def _connect(self) -> None:
        os.dup2(self._nothing, 0)
        os.dup2(self._log, 1)
        os.dup2(self._log, 2)
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__ = self._streams  # type: ignore[misc]


def _text_stream(descriptor: int) -> io.TextIOWrapper:
    return os.fdopen(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", newline="\n", closefd=False)


def _variables() -> Mapping[Any, Any]:
    """What is in `os.environ`, as it is kept there: to decode fifty variables takes as long as a small step."""
    kept: Mapping[Any, Any] = getattr(os.environ, "_data", os.environ)
    return kept


def _flush(stream: object) -> None:
    with contextlib.suppress(Exception):  # the step closed it, or put something of its own there
        stream.flush()  # type: ignore[attr-defined]


def _multiprocessing_folder() -> str | None:
    """The one folder that outlives a step: the sockets of servers that multiprocessing starts once in a process."""
    module = sys.modules.get("multiprocessing.process")
    folder: str | None = module.current_process()._config.get("tempdir") if module else None
    return folder
