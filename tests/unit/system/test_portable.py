"""Pipes that threads read: nothing is lost, nothing of a mark is shown, and nobody waits for a process that is gone."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.system.contract import Process, Stream
from orch.system.portable import Threads, WakeupSockets


class Peer:
    """A process that a test plays: the far ends of its pipes, and whether it was killed."""

    def __init__(self, command: Sequence[str], _environment: Mapping[str, str]) -> None:
        self.mark = command[-1].encode()
        self.their_in, self.stdin = os.pipe()
        self.stdout, self.answers = os.pipe()
        self.stderr, self.prints = os.pipe()
        self._open = [self.their_in, self.answers, self.prints]

    def end(self) -> None:
        for descriptor in self._open:
            os.close(descriptor)
        self._open = []

    def interrupt(self) -> None: ...
    def close(self) -> None: ...

    def poll(self) -> int | None:
        return None if self._open else 0

    def wait(self) -> int:
        return 0

    kill = end


@pytest.fixture
def start() -> Iterator[Callable[[], tuple[Threads, Process, Peer]]]:
    ends = []

    def start() -> tuple[Threads, Process, Peer]:
        peers: list[Peer] = []

        def plant(command: Sequence[str], environment: Mapping[str, str]) -> Peer:
            peers.append(Peer(command, environment))
            return peers[-1]

        threads = Threads(plant)
        process = threads.start(["worker"], {}, "mark")
        ends.extend([process.close, threads.close])
        return threads, process, peers[0]

    yield start
    for end in ends:
        end()


def read_all(threads: Threads, stream: Stream) -> bytes:
    read = []
    while (chunk := stream.read()) != b"":
        if chunk is None:
            threads.wait(None)
        else:
            read.append(chunk)
    return b"".join(read)


Start = Callable[[], tuple[Threads, Process, Peer]]


def test_what_was_logged_before_an_answer_is_all_there_and_the_mark_is_not(start: Start) -> None:
    _, process, peer = start()
    os.write(peer.prints, b"one\ntwo" + peer.mark)

    assert b"".join(process.log.rest()) == b"one\ntwo"


def test_the_log_goes_on_after_a_mark(start: Start) -> None:
    _, process, peer = start()
    os.write(peer.prints, b"one" + peer.mark)
    first = b"".join(process.log.rest())
    os.write(peer.prints, b"two" + peer.mark)

    assert (first, b"".join(process.log.rest())) == (b"one", b"two")


@pytest.mark.parametrize("cut", range(1, 41))
def test_a_mark_that_comes_in_pieces_is_still_one(start: Start, cut: int) -> None:
    threads, process, peer = start()
    os.write(peer.prints, b"text" + peer.mark[:cut])
    threads.wait(5)
    os.write(peer.prints, peer.mark[cut:])

    assert b"".join(process.log.rest()) == b"text"


def test_the_beginning_of_a_mark_that_does_not_go_on_is_text(start: Start) -> None:
    threads, process, peer = start()
    os.write(peer.prints, peer.mark[:12])
    os.write(peer.prints, b"x" + peer.mark[:20])
    peer.end()

    assert read_all(threads, process.log) == peer.mark[:12] + b"x" + peer.mark[:20]


@given(pieces=st.lists(st.binary(min_size=1, max_size=200), max_size=20))
def test_every_byte_arrives_in_order(pieces: list[bytes]) -> None:
    peers: list[Peer] = []

    def plant(command: Sequence[str], environment: Mapping[str, str]) -> Peer:
        peers.append(Peer(command, environment))
        return peers[-1]

    threads = Threads(plant)
    process = threads.start(["worker"], {}, "mark")
    for piece in pieces:
        os.write(peers[0].prints, piece)
    peers[0].end()

    assert read_all(threads, process.log) == b"".join(pieces)
    process.close()


def test_who_never_stops_printing_waits_for_who_reads(start: Start) -> None:
    _, process, peer = start()
    size = 8 << 20

    def flood() -> None:
        view = memoryview(b"x" * size)
        while view:
            view = view[os.write(peer.prints, view) :]
        os.write(peer.prints, peer.mark)

    printer = threading.Thread(target=flood)
    printer.start()
    read = sum(map(len, process.log.rest()))
    printer.join()

    assert read == size


def test_orders_to_a_process_that_is_gone_are_lost_without_a_word(start: Start) -> None:
    _, process, peer = start()
    peer.end()

    process.send(b"order\n")


def test_a_wakeup_ends_the_wait_once_it_is_there_and_not_after_it_was_cleared(start: Start) -> None:
    threads, _, _ = start()
    wakeup = WakeupSockets()
    threads.wake_on(wakeup.reading)
    os.write(wakeup.writing, b"\0")

    assert threads.wait(None) == []
    wakeup.clear()
    wakeup.close()
