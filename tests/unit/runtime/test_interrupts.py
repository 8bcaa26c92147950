"""Ctrl-C as a count, and the process as it was afterwards."""

from __future__ import annotations

import select
import signal
import threading
from pathlib import Path

import pytest

from orch.runtime.interrupts import caught, raised


def open_descriptors() -> set[str]:
    return {entry.name for entry in Path("/dev/fd").iterdir()}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_is_counted_and_wakes_a_waiting_loop(number: signal.Signals) -> None:
    with caught() as interrupts:
        signal.raise_signal(number)
        signal.raise_signal(number)

        assert interrupts.count == 2
        assert select.select([interrupts.descriptor], [], [], 0)[0]
        interrupts.clear()
        assert not select.select([interrupts.descriptor], [], [], 0)[0]
        interrupts.clear()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_asks_to_stop_can_be_an_exception_so_that_blocks_end(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    with pytest.raises(KeyboardInterrupt), raised():
        signal.raise_signal(number)

    assert signal.getsignal(number) == before


def test_afterwards_the_process_is_as_it_was() -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    before = open_descriptors()

    with pytest.raises(ZeroDivisionError), caught():
        raise ZeroDivisionError

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert open_descriptors() == before


def test_a_program_that_is_to_outlive_its_terminal_does() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with caught() as interrupts:
            signal.raise_signal(signal.SIGHUP)
            assert interrupts.count == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_off_the_main_thread_nothing_is_counted_and_nothing_left_open() -> None:
    before = open_descriptors()
    counts = []

    def run() -> None:
        with caught() as interrupts:
            counts.append(interrupts.count)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()

    assert counts == [0]
    assert open_descriptors() == before
