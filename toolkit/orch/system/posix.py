"""Linux and macOS: everything that Windows has not, or has differently, in this one module.

A process leads a group of its own, which signals go to; its pipes are read without waiting, in the thread that waits for all.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import fcntl
import os
import select
import selectors
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from orch.system.control_groups import out_of_memory_kills as out_of_memory_kills  # noqa: PLC0414 - offered here

if TYPE_CHECKING:  # every job and every worker pays for what is imported here
    from orch.system.contract import Main, Process, Processes, Stream, Wakeup
    from orch.system.descendants import Found

_CHUNK: Final = 1 << 16
_CHUNKS: Final = 16  # a pipe holds less: what was written before a moment is read by then

# Where a program looks for its folder for temporary files, and where that is if it is told nothing.
TEMPORARY: Final = ("TMPDIR",)
DEFAULT_TEMPORARY: Final = "/tmp"  # noqa: S108 - what is made there has a name that nobody knows before


# --- processes ---


class _Pipe:
    """The reading end of a pipe."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        os.set_blocking(descriptor, False)

    def read(self) -> bytes | None:
        try:
            return os.read(self.descriptor, _CHUNK)
        except BlockingIOError:
            return None

    def rest(self) -> Iterator[bytes]:
        for _ in range(_CHUNKS):
            chunk = self.read()
            if not chunk:
                return
            yield chunk


class _Process:
    def __init__(self, child: _Child, mark: str, requests: int, responses: int, log: int, lifeline: int) -> None:
        self.child = child
        self._mark = mark
        self._is_hunted = False
        self._children: set[Found] = set()
        self.responses = _Pipe(responses)
        self.log = _Pipe(log)
        self._requests: int | None = requests
        self._lifeline = lifeline
        self.poll = child.poll
        self.wait = child.wait

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view and self._requests is not None:
                view = view[os.write(self._requests, view) :]
        except BrokenPipeError:
            pass

    def end_input(self) -> None:
        if self._is_hunted:  # once it has ended, nobody can tell that they were its own
            from orch.system.descendants import started_by

            self._children |= started_by(self._pid_if_alive(), self._mark)
        if self._requests is not None:
            os.close(self._requests)
            self._requests = None

    def hunt(self) -> None:
        self._is_hunted = True

    def interrupt(self) -> None:
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        if self._is_hunted:
            from orch.system.descendants import kill_all

            kill_all(self._pid_if_alive(), self._mark, self._children)
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.child.pid, number)
        except ProcessLookupError:
            pass

    def _pid_if_alive(self) -> int | None:
        return self.child.pid if self.poll() is None else None

    def drain(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.log.descriptor, selectors.EVENT_READ)
            while selector.select(max(0.0, until - time.monotonic())):
                if not os.read(self.log.descriptor, _CHUNK):
                    break

    def close(self) -> None:
        self.kill()
        self.wait()
        self._is_hunted = False
        self.end_input()
        for descriptor in (self.responses.descriptor, self.log.descriptor, self._lifeline):
            os.close(descriptor)


class _Child(Protocol):
    """What `subprocess.Popen` and a forked child have in common."""

    @property
    def pid(self) -> int: ...
    def wait(self) -> int: ...
    def poll(self) -> int | None: ...


class _Forked:
    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._exit_code: int | None = None

    def wait(self) -> int:
        if self._exit_code is None:
            self._exit_code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._exit_code

    def poll(self) -> int | None:
        if self._exit_code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._exit_code = os.waitstatus_to_exitcode(status) if pid else None
        return self._exit_code


def _spawn(command: Sequence[str], environment: Mapping[str, str], mark: str) -> _Process:
    """A new program. It gets a session of its own, so that Ctrl-C in a terminal reaches its parent only."""
    import subprocess  # a fork does without

    pipe, (tied, lifeline) = subprocess.PIPE, os.pipe()
    try:
        child = subprocess.Popen(
            [*command, str(tied)],
            env=dict(environment),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            bufsize=0,
            start_new_session=True,
            pass_fds=[tied],
        )
    except BaseException:
        os.close(lifeline)
        raise
    finally:
        os.close(tied)
    ours = [each for each in (child.stdin, child.stdout, child.stderr) if each]
    requests, responses, log = (os.dup(each.fileno()) for each in ours)
    for each in ours:
        each.close()
    return _Process(child, mark, requests, responses, log, lifeline)


def _can_fork(environment: Mapping[str, str]) -> bool:
    """Whether a fork of this process would be what a new one in `environment` is: Python reads some variables only at its start."""
    read_at_start = ("PYTHON", "LD_", "DYLD_", "MALLOC_")
    before, after = (
        {name: value for name, value in variables.items() if name.startswith(read_at_start)} for variables in (os.environ, environment)
    )
    return before == after


def _fork(main: Main, environment: Mapping[str, str], mark: str) -> _Process:
    """This program once more, in `main`, without the start of another Python. Only for a process without threads."""
    sys.stdout.flush()
    sys.stderr.flush()
    (their_in, requests), (responses, their_out), (log, their_log) = os.pipe(), os.pipe(), os.pipe()
    tied, lifeline = os.pipe()
    pid = os.fork()
    if pid:
        for descriptor in (their_in, their_out, their_log, tied):
            os.close(descriptor)
        return _Process(_Forked(pid), mark, requests, responses, log, lifeline)
    code = 1
    try:
        tied = _become_child((their_in, their_out, their_log), tied, (requests, responses, log, lifeline))
        os.environ.clear()
        os.environ.update(environment)
        main(str(tied))
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 (what a new Python would do at its end)
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _become_child(own: tuple[int, int, int], tied: int, parents: tuple[int, ...]) -> int:
    """Connect the three pipes; gives the number that `tied` has then."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Where the parent started without stdin or stdout, its pipes may have got the very numbers that are given out here.
    *moved, tied_moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10) for descriptor in (*own, tied)]
    for descriptor in (*own, tied, *parents):
        os.close(descriptor)
    for number, descriptor in enumerate(moved):
        os.dup2(descriptor, number)
        os.close(descriptor)
    return tied_moved


class _Processes:
    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def start(self, command: Sequence[str], environment: Mapping[str, str], mark: str, main: Callable[[], Main] | None = None) -> Process:
        process = _fork(main(), environment, mark) if main and _can_fork(environment) else _spawn(command, environment, mark)
        for pipe in (process.responses, process.log):
            self._selector.register(pipe.descriptor, selectors.EVENT_READ, pipe)
        return process

    def wait(self, timeout: float | None) -> list[Stream]:
        return [key.data for key, _ in self._selector.select(timeout) if key.data]

    def wake_on(self, descriptor: int) -> None:
        self._selector.register(descriptor, selectors.EVENT_READ, None)

    def forget(self, stream: Stream) -> None:
        assert isinstance(stream, _Pipe)
        try:
            self._selector.unregister(stream.descriptor)
        except KeyError:  # its end was read before
            pass

    def close(self) -> None:
        self._selector.close()


processes: Callable[[], Processes] = _Processes


# --- in a worker ---


def end_with(*lifelines: int) -> None:
    """Let this process group end with the process that started it, however that one ended.

    The parent holds one end of a pipe and never writes to it. On Linux the kernel sends SIGKILL to the whole group, the
    step's own children included, when that end closes: no thread, no timer, nothing to import. Elsewhere a worker whose
    parent was killed ends when its step does, because there are no orders any more.
    """
    for lifeline in lifelines:
        os.set_inheritable(lifeline, False)
        if not hasattr(fcntl, "F_SETSIG"):
            return
        try:
            fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
            fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
            fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC)
            is_gone = not os.read(lifeline, 1)
        except OSError:  # still open, or a kernel that looks like Linux and has no such signal
            return
        if is_gone:
            os.killpg(0, signal.SIGKILL)


class ProcessState:
    """Signal handlers, timers and the umask."""

    _SIGNALS: Final = (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
        signal.SIGALRM,
        signal.SIGCHLD,
        signal.SIGPIPE,
        signal.SIGUSR1,
        signal.SIGUSR2,
    )

    def __init__(self) -> None:
        self._umask = os.umask(0o022)
        os.umask(self._umask)
        self._handlers = {number: signal.getsignal(number) for number in self._SIGNALS}

    def restore(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._handlers.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        os.umask(self._umask)


def in_forks(callback: Callable[[], object]) -> None:
    """Call it in every process that is forked from this one by Python."""
    os.register_at_fork(after_in_child=callback)


# --- interrupts ---


def interrupt_signals() -> list[signal.Signals]:
    """What asks a program to stop; the end of its terminal does not where the program is to outlive it, as under nohup."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers


class _WakeupPipe:
    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.reading, False)
        os.set_blocking(self.writing, False)

    def clear(self) -> None:
        try:
            os.read(self.reading, 512)
        except BlockingIOError:
            pass

    def close(self) -> None:
        os.close(self.reading)
        os.close(self.writing)


wakeup: Callable[[], Wakeup] = _WakeupPipe


# --- files and the machine ---


def lock(descriptor: int, *, shared: bool, wait: bool) -> bool:
    """Hold an open file until it is closed or this process ends, however it ends; False where another does and we do not wait."""
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(descriptor, kind | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def is_hung_up(descriptor: int) -> bool:
    """Whether what is written there has no reader any more."""
    poll = select.poll()
    try:
        poll.register(descriptor, 0)
    except OSError:
        return False
    return bool(poll.poll(0))


def processors() -> int:
    """As many as this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def utf8_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """What makes a Python in `environment` take texts and names of files for UTF-8, as it does by itself where jobs run.

    Nothing, where it does so here: in a locale of UTF-8, and in none at all unless it was told not to.
    """
    locale = environment.get("LC_ALL") or environment.get("LC_CTYPE") or environment.get("LANG") or "C"
    if "utf8" in locale.lower().replace("-", "") or (locale in ("C", "POSIX") and environment.get("PYTHONUTF8") != "0"):
        return {}
    return {"PYTHONUTF8": "1"}


def caller() -> str:
    """Who runs this process, as containers name users; empty where such numbers mean nothing to them."""
    return f"{os.getuid()}:{os.getgid()}"


def architecture() -> str:
    return os.uname().machine
