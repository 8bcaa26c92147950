"""Starting a process with four pipes: orders in, answers out, everything that it prints, and the lifeline that it is tied to."""

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
    lifeline: int


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
    """A new program, whose last argument will be the number of its end of the lifeline.

    It gets a session of its own, so that Ctrl-C in a terminal reaches its parent only.
    """
    import subprocess  # a fork does without

    pipe, (tied, lifeline) = subprocess.PIPE, os.pipe()
    try:
        process = subprocess.Popen(
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
    ours = [each for each in (process.stdin, process.stdout, process.stderr) if each]
    requests, responses, log = (os.dup(each.fileno()) for each in ours)
    for each in ours:
        each.close()
    return Started(process, requests, responses, log, lifeline)


def can_fork(environment: Mapping[str, str]) -> bool:
    """Whether a fork of this process would be what a new one in `environment` is: Python reads some variables only at its start."""
    if not hasattr(os, "fork"):
        return False
    read_at_start = ("PYTHON", "LD_", "DYLD_", "MALLOC_")
    before, after = (
        {name: value for name, value in variables.items() if name.startswith(read_at_start)} for variables in (os.environ, environment)
    )
    return before == after


def fork(main: Callable[[int], None], environment: Mapping[str, str]) -> Started:
    """This program once more, in `main` (which is given its end of the lifeline), without the start of another Python.

    Only for a process without threads.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    (their_in, requests), (responses, their_out), (log, their_log) = os.pipe(), os.pipe(), os.pipe()
    tied, lifeline = os.pipe()
    pid = os.fork()
    if pid:
        for descriptor in (their_in, their_out, their_log, tied):
            os.close(descriptor)
        return Started(_Forked(pid), requests, responses, log, lifeline)
    code = 1
    try:
        tied = _become_child((their_in, their_out, their_log), tied, (requests, responses, log, lifeline))
        os.environ.clear()
        os.environ.update(environment)
        main(tied)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 (what a new Python would do at its end)
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _become_child(own: tuple[int, int, int], tied: int, parents: tuple[int, ...]) -> int:
    """Connect the three pipes; gives the number that `tied` has then."""
    import fcntl

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
