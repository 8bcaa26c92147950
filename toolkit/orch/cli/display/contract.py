"""What all displays of a run have in common."""

from __future__ import annotations

from typing import Protocol

from orch.model.events import Event


class Display(Protocol):
    """An `EventSink` with an end: `close` is called once, also where the run broke off without its last event."""

    def __call__(self, event: Event, /) -> None: ...

    def close(self) -> None: ...
