"""What a user's module prints while it is loaded: for people to read, and for no runner to obey."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from orch.runtime import runner
from orch.system import streams


@contextmanager
def heard(stream: TextIO | None = None, environ: Mapping[str, str] = os.environ) -> Iterator[None]:
    """All of it goes to `stream`, stderr without one, and stands there where commands are stopped.

    Also what other programs and libraries write: stdout is for what the command answers.
    """
    stream = stream or sys.stderr
    with runner.commands_stopped(stream, environ), streams.joined(stream):
        try:
            yield
        finally:
            if runner.on_runner(environ):
                print(file=stream)  # a last line without its end would hide the command after it
