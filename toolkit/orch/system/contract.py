"""What running steps asks of an operating system: processes with three pipes, and one place to wait for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

# What a worker runs where a process can be copied instead of started: it is given what `Processes.start` appends to a command.
Main: TypeAlias = Callable[[str], object]


class Stream(Protocol):
    """What a process writes to one of its pipes."""

    def read(self) -> bytes | None:
        """Without waiting: None says that nothing is there now, and no bytes that nothing will come any more."""

    def rest(self) -> Iterator[bytes]:
        """What was written before the answer that was read last, or before the process ended."""


class Process(Protocol):
    """A worker and what it started: signals go to all of that. The exit code is negative for a signal."""

    @property
    def responses(self) -> Stream: ...
    @property
    def log(self) -> Stream: ...

    def send(self, data: bytes) -> None:
        """To its stdin. What a process that has died would have got is lost, and so is nothing else: its end is told by `responses`."""

    def end_input(self) -> None:
        """No orders any more: it ends as its program does."""

    def hunt(self) -> None:
        """It was stopped, or died: from now on `kill` ends also what it started and what cut itself off from it."""

    def interrupt(self) -> None: ...
    def kill(self) -> None: ...
    def poll(self) -> int | None: ...
    def wait(self) -> int: ...

    def drain(self, seconds: float) -> None:
        """Drop what is logged until all are gone who could log, for at most `seconds`."""

    def close(self) -> None:
        """Kill it if it lives, and give back its pipes."""


class Processes(Protocol):
    """Processes that one thread listens to. They end with this one, however it ends, where the system offers that."""

    def start(self, command: Sequence[str], environment: Mapping[str, str], mark: str, main: Callable[[], Main] | None = None) -> Process:
        """`command` with one more argument, which `worker.main` takes. With `main`, a copy of this process if it is as good as a new one.

        `mark` is a word in `environment` that no other process has: what is started by it is told by that.
        """

    def wait(self, timeout: float | None) -> list[Stream]:
        """The streams that have something to read, or have ended; none when `timeout` is over or a descriptor woke us."""

    def wake_on(self, descriptor: int) -> None:
        """End `wait` when the descriptor of a `Wakeup` becomes readable."""

    def forget(self, stream: Stream) -> None:
        """`wait` does not name it any more; also where it did not before."""

    def close(self) -> None: ...


class Wakeup(Protocol):
    """Something that a signal makes readable. `signal.set_wakeup_fd` takes `writing`; `reading` can be selected on."""

    @property
    def reading(self) -> int: ...
    @property
    def writing(self) -> int: ...
    def clear(self) -> None: ...
    def close(self) -> None: ...


class ProcessState(Protocol):
    """What the system lets a program set for itself, as it was when this was made."""

    def restore(self) -> None: ...
