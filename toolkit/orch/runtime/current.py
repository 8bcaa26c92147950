"""The step that runs in this process: how its context is told if it asks, and what it has logged."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orch.model.canonical import Json

# Of this process, not of a thread or a coroutine: those that a step starts are part of it. One step at a time runs in a process.
_tells: list[Callable[[], object]] = []
_told: list[object] = []
_process: list[int] = []
logged: dict[str, Json] = {}


def enter(tell: Callable[[], object]) -> None:
    """Begin a step's time. `tell` is called when it first asks: most steps do not, and their jobs need not know what a context is."""
    _tells[:] = [tell]
    _told.clear()
    _process[:] = [os.getpid()]
    logged.clear()


def context() -> object:
    """What `tell` said; None outside a step."""
    if _tells and not _told:
        _told.append(_tells[0]())
    return _told[0] if _told else None


def is_own_process() -> bool:
    """False in one that the step started: what it logs reaches no record."""
    return os.getpid() in _process


def leave() -> dict[str, Json]:
    """End the step's time; gives what it logged."""
    _tells.clear()
    _told.clear()
    return dict(logged)
