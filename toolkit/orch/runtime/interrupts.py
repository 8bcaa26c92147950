"""Ctrl-C and cancellation as something a loop can ask about, instead of an exception at any line."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orch import system

if TYPE_CHECKING:
    from orch.system.contract import Wakeup


class Interrupts:
    """`count` interrupts so far; `descriptor` becomes readable with each, so that a waiting loop wakes."""

    def __init__(self, wakeup: Wakeup) -> None:
        self.descriptor = wakeup.reading
        self.clear = wakeup.clear
        self.count = 0


@contextmanager
def raised() -> Iterator[None]:
    """What asks this program to stop raises KeyboardInterrupt in the block, as Ctrl-C does: what is to be removed at its end is."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in system.interrupt_signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def caught() -> Iterator[Interrupts]:
    """Count what asks this program to stop while the block runs; off the main thread, where Python delivers no signals, nothing."""
    wakeup = system.wakeup()
    interrupts = Interrupts(wakeup)

    def count(_number: int, _frame: object) -> None:
        interrupts.count += 1

    try:
        if threading.current_thread() is not threading.main_thread():
            yield interrupts
            return
        before = {number: signal.signal(number, count) for number in system.interrupt_signals()}
        known = signal.set_wakeup_fd(wakeup.writing, warn_on_full_buffer=False)
        try:
            yield interrupts
        finally:
            signal.set_wakeup_fd(known)
            for number, handler in before.items():
                signal.signal(number, handler)
    finally:
        wakeup.close()
