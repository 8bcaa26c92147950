"""Starting a process with three pipes: orders in, answers out, and everything that it prints."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol


class Process(Protocol):
    """What `subprocess.Popen` and a forked child have in common. The exit code is negative for a signal."""

    @property
    def pid(self) -> int: ...
    def wait(self) -> int: ...
    def poll(self) -> int | None: ...


class Started(NamedTuple):
    """The process leads a group of its own, `pid` is its number; the descriptors are the parent's ends."""

    process: Process
    requests: int
    responses: int
    log: int


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


def spawn(command: list[str], environment: Mapping[str, str]) -> Started:
    """A new program. It gets a session of its own, so that Ctrl-C in a terminal reaches its parent only."""
    import subprocess  # a fork does without

    pipes = subprocess.PIPE
    process = subprocess.Popen(command, env=dict(environment), stdin=pipes, stdout=pipes, stderr=pipes, bufsize=0, start_new_session=True)
    ours = [pipe for pipe in (process.stdin, process.stdout, process.stderr) if pipe]
    requests, responses, log = (os.dup(pipe.fileno()) for pipe in ours)
    for pipe in ours:
        pipe.close()
    return Started(process, requests, responses, log)


def can_fork(environment: Mapping[str, str]) -> bool:
    """Whether a fork of this process would be what a new one in `environment` is: Python reads some variables only at its start."""
    if not hasattr(os, "fork"):
        return False
    read_at_start = ("PYTHON", "LD_", "DYLD_", "MALLOC_")
    before, after = (
        {name: value for name, value in variables.items() if name.startswith(read_at_start)} for variables in (os.environ, environment)
    )
    return before == after


def fork(main: Callable[[], None], environment: Mapping[str, str]) -> Started:
    """This program once more, in `main`, without the start of another Python. Only for a process without threads."""
    sys.stdout.flush()
    sys.stderr.flush()
    (their_in, requests), (responses, their_out), (log, their_log) = os.pipe(), os.pipe(), os.pipe()
    pid = os.fork()
    if pid:
        for descriptor in (their_in, their_out, their_log):
            os.close(descriptor)
        return Started(_Forked(pid), requests, responses, log)
    code = 1
    try:
        _become_child((their_in, their_out, their_log), (requests, responses, log))
        os.environ.clear()
        os.environ.update(environment)
        main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 (what a new Python would do at its end)
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _become_child(own: tuple[int, int, int], parents: tuple[int, int, int]) -> None:
    import fcntl

    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Where the parent started without stdin or stdout, its pipes may have got the very numbers that are given out here.
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10) for descriptor in own]
    for descriptor in (*own, *parents):
        os.close(descriptor)
    for number, descriptor in enumerate(moved):
        os.dup2(descriptor, number)
        os.close(descriptor)
