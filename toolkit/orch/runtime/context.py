"""What a running step may ask about itself: `orch.context()`."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from orch.errors import UsageError


class Context(NamedTuple):
    """`temp` is a folder of this step's alone, empty when it starts and removed when it has ended."""

    run: str
    pipeline: str
    step: str
    attempt: int
    tries: int
    trigger: str
    temp: Path


_current: list[Context] = []


def context() -> Context:
    """The running step's context; raises UsageError outside a step."""
    if not _current:
        raise UsageError("orch.context() was called outside a running step", hint="call it inside a function decorated with @step")
    return _current[-1]


def enter(entered: Context) -> None:
    _current[:] = [entered]


def leave() -> None:
    _current.clear()
