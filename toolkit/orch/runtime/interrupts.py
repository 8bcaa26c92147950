"""Ctrl-C and cancellation as something a loop can ask about, instead of an exception at any line."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupts:
    """`count` interrupts so far; `descriptor` becomes readable with each, so that a waiting loop wakes."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.count = 0

    def clear(self) -> None:
        """Empty the wake-up pipe."""
        try:
            os.read(self.descriptor, 512)
        except BlockingIOError:
            pass


def _numbers() -> list[signal.Signals]:
    numbers = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
        numbers.append(signal.SIGHUP)
    return numbers


@contextmanager
def caught() -> Iterator[Interrupts]:
    """Count SIGINT, SIGTERM and the end of the terminal while the block runs; off the main thread, where Python delivers none, nothing."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    interrupts = Interrupts(reading)

    def count(_number: int, _frame: object) -> None:
        interrupts.count += 1

    try:
        if threading.current_thread() is not threading.main_thread():
            yield interrupts
            return
        before = {number: signal.signal(number, count) for number in _numbers()}
        wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        try:
            yield interrupts
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
    finally:
        os.close(reading)
        os.close(writing)
