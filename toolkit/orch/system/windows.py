"""Windows: what `posix` offers, in the few calls that no other system can run.

A process and what it started are a job object: it is killed as a whole, and with this process however that one ends.
"""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import errno
import msvcrt
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from ctypes import wintypes
from typing import ClassVar, Final

from orch.system import portable
from orch.system.contract import Processes, Wakeup

TEMPORARY: Final = ("TMPDIR", "TEMP", "TMP")
DEFAULT_TEMPORARY: Final = "C:\\Windows\\Temp"  # TEMP is set for every user
# Without them Windows cannot load what Python needs to start.
_NEEDED: Final = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "PATHEXT", "COMSPEC")
_KILL_ON_CLOSE: Final = 0x2000  # JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
_EXTENDED_LIMITS: Final = 9  # JobObjectExtendedLimitInformation
_KILLED: Final = 1

_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel.CreateJobObjectW.restype = wintypes.HANDLE
_kernel.CreateJobObjectW.argtypes = (wintypes.LPVOID, wintypes.LPCWSTR)
_kernel.SetInformationJobObject.argtypes = (wintypes.HANDLE, ctypes.c_int, wintypes.LPVOID, wintypes.DWORD)
_kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
_kernel.TerminateJobObject.argtypes = (wintypes.HANDLE, wintypes.UINT)
_kernel.CloseHandle.argtypes = (wintypes.HANDLE,)


class _Limits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION: https://learn.microsoft.com/windows/win32/api/winnt/."""

    _fields_: ClassVar = [  # type: ignore[mutable-override]
        ("PerProcessUserTimeLimit", ctypes.c_int64),
        ("PerJobUserTimeLimit", ctypes.c_int64),
        ("LimitFlags", wintypes.DWORD),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", wintypes.DWORD),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", wintypes.DWORD),
        ("SchedulingClass", wintypes.DWORD),
        ("IoInfo", ctypes.c_uint64 * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    ]


# --- processes ---


class _Job:
    """A process that was given no orders yet, in a job object of its own: what it starts later is in it too."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        needed = {name: os.environ[name] for name in _NEEDED if name in os.environ}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command,
            env={**needed, **environment},
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            bufsize=0,
            creationflags=subprocess.CREATE_NEW_PROCESS_GROUP,  # Ctrl-C in the terminal reaches us only
        )
        self._job = _kernel.CreateJobObjectW(None, None)
        limits = _Limits(LimitFlags=_KILL_ON_CLOSE)
        _kernel.SetInformationJobObject(self._job, _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))
        _kernel.AssignProcessToJobObject(self._job, int(self._process._handle))  # type: ignore[attr-defined]
        ours = [each for each in (self._process.stdin, self._process.stdout, self._process.stderr) if each]
        self.stdin, self.stdout, self.stderr = (os.dup(each.fileno()) for each in ours)
        for each in ours:
            each.close()
        self.poll = self._process.poll
        self.wait = self._process.wait

    def interrupt(self) -> None:
        try:
            self._process.send_signal(signal.CTRL_BREAK_EVENT)
        except OSError:  # it has ended, or there is no console to send it through: it is killed when its time is over
            pass

    def kill(self) -> None:
        _kernel.TerminateJobObject(self._job, _KILLED)

    def close(self) -> None:
        _kernel.CloseHandle(self._job)


def processes() -> Processes:
    return portable.Threads(_Job)


# --- in a worker ---


def end_with(*lifelines: int) -> None:
    """There are none: a job object ends with who made it."""


class ProcessState:
    """Signal handlers. An interrupt arrives as SIGBREAK: SIGINT cannot be sent to one process."""

    def __init__(self) -> None:
        signal.signal(signal.SIGBREAK, signal.default_int_handler)
        self._handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGBREAK)}

    def restore(self) -> None:
        for number, handler in self._handlers.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)


def in_forks(callback: Callable[[], object]) -> None:
    """Nothing forks here."""


# --- interrupts ---


def interrupt_signals() -> list[signal.Signals]:
    """Ctrl-C, and Ctrl-Break, which is also how a program that started us would stop us."""
    return [signal.SIGINT, signal.SIGTERM, signal.SIGBREAK]


def wakeup() -> Wakeup:
    return portable.WakeupSockets()


# --- files and the machine ---

# There are no shared locks: who shares takes one byte of many, who wants it alone takes all. They lie behind every
# content, because nobody else may read a byte that is locked.
_BEGIN: Final = 1 << 30
_BYTES: Final = 4096
_TRIES: Final = 16
_PAUSE: Final = 0.05  # seconds


def lock(descriptor: int, *, shared: bool, wait: bool) -> bool:
    """As `posix.lock`."""
    while True:
        for _ in range(_TRIES if shared else 1):
            place, count = (random.randrange(_BYTES), 1) if shared else (0, _BYTES)  # noqa: S311 - no secret
            os.lseek(descriptor, _BEGIN + place, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, count)
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EDEADLK):
                    raise
            else:
                return True
        if not wait:
            return False
        time.sleep(_PAUSE)


def is_hung_up(descriptor: int) -> bool:  # noqa: ARG001
    """It cannot be asked: what is written fails then, and that is told."""
    return False


def processors() -> int:
    return os.cpu_count() or 1


def utf8_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """As `posix.utf8_settings`: without, a file that is opened as text is read in the code page of the country."""
    return {} if environment.get("PYTHONUTF8") else {"PYTHONUTF8": "1"}


def caller() -> str:
    return ""


def architecture() -> str:
    """As other systems call it."""
    machine = os.environ.get("PROCESSOR_ARCHITECTURE", "").lower()
    return {"amd64": "x86_64", "x86": "i686"}.get(machine, machine)


def out_of_memory_kills() -> int:
    """Windows kills nobody for lack of memory: it refuses, and Python says so."""
    return 0
