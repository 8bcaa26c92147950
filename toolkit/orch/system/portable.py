"""Processes with threads that read their pipes: for systems whose pipes cannot be waited for together.

It runs on every system, and the tests run it on all of them; only how a process and what it started is interrupted and
killed, a `Tree`, is the system's own.
"""

from __future__ import annotations

import os
import secrets
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from orch.system.contract import Main, Process, Stream

_CHUNK: Final = 1 << 16
_CHUNKS: Final = 16  # of one stream that wait for being read: who never stops printing must wait for us
_SETTLING: Final = 1.0  # seconds for the end of a log whose process has died; somebody else may hold it open
_MARK: Final = "orch-log-"


class Pipes(Protocol):
    """The parent's ends: descriptors."""

    @property
    def stdin(self) -> int: ...
    @property
    def stdout(self) -> int: ...
    @property
    def stderr(self) -> int: ...


class Tree(Pipes, Protocol):
    """A process and all that it started, with pipes to the first. The exit code is negative for a signal."""

    def interrupt(self) -> None: ...
    def kill(self) -> None: ...
    def poll(self) -> int | None: ...
    def wait(self) -> int: ...

    def close(self) -> None:
        """Give back what the system keeps for it besides the pipes."""


Plant = Callable[[Sequence[str], Mapping[str, str]], Tree]


class _Stream:
    """A pipe that a thread of its own reads, until it ends. `changed` is notified of whatever happens, and guards all of it."""

    def __init__(self, descriptor: int, mark: bytes, changed: threading.Condition) -> None:
        self._descriptor = descriptor
        self._mark = mark
        self._changed = changed
        self._chunks: deque[bytes] = deque()
        self._marks = 0
        self._is_open = True
        self._is_wanted = True
        threading.Thread(target=self._listen, name="orch-pipe", daemon=True).start()

    # --- in the thread ---

    def _listen(self) -> None:
        held = b""
        while chunk := self._next():
            held = self._take(held + chunk)
        os.close(self._descriptor)
        with self._changed:
            if held:
                self._chunks.append(held)
            self._is_open = False
            self._changed.notify_all()

    def _next(self) -> bytes:
        try:
            return os.read(self._descriptor, _CHUNK)
        except OSError:  # Windows: how the end of a pipe may look there
            return b""

    def _take(self, read: bytes) -> bytes:
        """Pass on what was read; gives back what may be the beginning of a mark."""
        *parts, last = read.split(self._mark) if self._mark else (read,)
        cut = _cut(last, self._mark)
        with self._changed:
            self._chunks += [part for part in (*parts, last[:cut]) if part]
            self._marks += len(parts)
            self._changed.notify_all()
            self._changed.wait_for(lambda: len(self._chunks) < _CHUNKS or not self._is_wanted)
            if not self._is_wanted:
                self._chunks.clear()
        return last[cut:]

    # --- in the thread that waits ---

    @property
    def is_ready(self) -> bool:
        return bool(self._chunks) or not self._is_open

    def read(self) -> bytes | None:
        with self._changed:
            if not self._chunks:
                return None if self._is_open else b""
            self._changed.notify_all()
            return self._chunks.popleft()

    def rest(self) -> Iterator[bytes]:
        until = time.monotonic() + _SETTLING
        while True:
            with self._changed:
                left = max(0.0, until - time.monotonic())
                self._changed.wait_for(lambda: self._chunks or self._marks or not self._is_open, left)
                chunk = self._chunks.popleft() if self._chunks else None
                self._changed.notify_all()
            if chunk is None:
                self._marks = 0
                return
            yield chunk

    def drain(self, seconds: float) -> None:
        with self._changed:
            self._is_wanted = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._is_open, seconds)

    def abandon(self) -> None:
        """Nobody reads it any more; the thread ends when the pipe does."""
        self.drain(0)


def _cut(text: bytes, mark: bytes) -> int:
    """Where in `text` a beginning of `mark` begins that may go on in what is read next, else its length."""
    last = range(max(0, len(text) - len(mark) + 1), len(text))
    return next((begin for begin in last if mark.startswith(text[begin:])), len(text)) if mark else len(text)


class _Process:
    def __init__(self, tree: Tree, mark: bytes, changed: threading.Condition) -> None:
        self.tree = tree
        self.responses = _Stream(tree.stdout, b"", changed)
        self.log = _Stream(tree.stderr, mark, changed)
        self._requests: int | None = tree.stdin
        self.interrupt = tree.interrupt
        self.kill = tree.kill
        self.poll = tree.poll
        self.wait = tree.wait
        self.drain = self.log.drain

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view and self._requests is not None:
                view = view[os.write(self._requests, view) :]
        except OSError:  # a broken pipe, which Windows also calls an invalid argument
            pass

    def end_input(self) -> None:
        if self._requests is not None:
            os.close(self._requests)
            self._requests = None

    def hunt(self) -> None:
        """A tree is hunted from its planting."""

    def close(self) -> None:
        self.kill()
        self.wait()
        self.end_input()
        self.responses.abandon()
        self.log.abandon()
        self.tree.close()


class Threads:
    """`Processes` by threads; `plant` starts one."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._changed = threading.Condition()
        self._streams: list[_Stream] = []
        self._is_woken = False
        self._wakers: list[_Waker] = []

    def start(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        mark: str,  # noqa: ARG002 - a tree knows its own
        main: Callable[[], Main] | None = None,  # noqa: ARG002 - a process with threads cannot be copied
    ) -> Process:
        end = f"{_MARK}{secrets.token_hex(16)}"
        process = _Process(self._plant([*command, end], environment), end.encode(), self._changed)
        self._streams += (process.responses, process.log)
        return process

    def wait(self, timeout: float | None) -> list[Stream]:
        for waker in self._wakers:
            waker.arm()
        with self._changed:
            self._changed.wait_for(lambda: self._is_woken or any(stream.is_ready for stream in self._streams), timeout)
            self._is_woken = False
            return [stream for stream in self._streams if stream.is_ready]

    def wake_on(self, descriptor: int) -> None:
        self._wakers.append(_Waker(descriptor, self._wake))

    def _wake(self) -> None:
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def forget(self, stream: Stream) -> None:
        if stream in self._streams:
            self._streams.remove(stream)

    def close(self) -> None:
        for waker in self._wakers:
            waker.close()
        self._wakers.clear()


class _Waker:
    """A thread that waits for a `Wakeup` and never reads from it: who is woken clears it."""

    def __init__(self, descriptor: int, wake: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._wake = wake
        self._armed = threading.Event()
        self._is_closed = False
        self._ours, self._theirs = socket.socketpair()
        self._thread = threading.Thread(target=self._watch, name="orch-waker", daemon=True)
        self._thread.start()

    def arm(self) -> None:
        """From now on it wakes once, or at once if there is something already."""
        self._armed.set()

    def close(self) -> None:
        self._is_closed = True
        self._theirs.close()
        self._armed.set()
        self._thread.join()
        self._ours.close()

    def _watch(self) -> None:
        while self._armed.wait() and not self._is_closed:
            self._armed.clear()
            try:
                ready = select.select([self._descriptor, self._ours.fileno()], [], [])[0]
            except (OSError, ValueError):  # the wakeup was closed: there is nothing more to wait for
                return
            if self._ours.fileno() in ready:
                return
            self._wake()


class WakeupSockets:
    """A pair of sockets: what `select` and `signal.set_wakeup_fd` take on every system."""

    def __init__(self) -> None:
        self._reading, self._writing = socket.socketpair()
        for end in (self._reading, self._writing):
            end.setblocking(False)

    @property
    def reading(self) -> int:
        return self._reading.fileno()

    @property
    def writing(self) -> int:
        return self._writing.fileno()

    def clear(self) -> None:
        try:
            self._reading.recv(512)
        except BlockingIOError:
            pass

    def close(self) -> None:
        self._reading.close()
        self._writing.close()
