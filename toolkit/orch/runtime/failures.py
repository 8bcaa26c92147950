"""Why a step failed, as data: from an exception, from an error of ours, or from how its process ended."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Final

from orch.authoring.places import is_ours, message_of, raising_place
from orch.authoring.project import Project
from orch.errors import OrchError, Where
from orch.model.records import Failure

_FIRST_CRASH: Final = 0xC0000000  # Windows: https://learn.microsoft.com/windows-hardware/drivers/kernel/using-ntstatus-values
_LONGEST_MESSAGE: Final = 10_000
_LONGEST_TRACEBACK: Final = 50_000


def failure_of(error: BaseException, project: Project, redact: Callable[[str], str] = str, *, cause: str = "") -> Failure:
    """What the user's code raised; the traceback starts at the user's own first frame.

    Long texts are cut after `redact` has seen them: no half of a secret is left.
    """
    import traceback  # costs more than a small step, and most steps do not fail

    frames = _users(error.__traceback__)
    _strip_ours(error)
    text = "".join(traceback.format_exception(type(error), error, frames)).replace(f"{project.git_root}{os.sep}", "")
    text = _encodable(redact(text)[-_LONGEST_TRACEBACK:])
    place = raising_place(error, frames, project) or Where("")
    return Failure(
        cause=cause or _cause(error),
        message=_encodable(redact(_message(error))[:_LONGEST_MESSAGE]),
        type=_encodable(type(error).__name__),
        traceback=text,
        file=place.path,
        line=place.line,
    )


def _cause(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return "exit"
    return "out-of-memory" if isinstance(error, MemoryError) else "exception"


def _message(error: BaseException) -> str:
    text = message_of(error)
    if isinstance(error, SystemExit):
        return f"the step called sys.exit({error.code!r})"
    if isinstance(error, MemoryError) and not text:
        return "out of memory: Python could not allocate what the step asked for"
    return text


def _users(traceback: TracebackType | None) -> TracebackType | None:
    """`traceback` without the frames before the user's first; all of it where none is the user's."""
    frames = traceback
    while frames is not None and is_ours(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    return frames or traceback


def _strip_ours(error: BaseException) -> None:
    """From every exception that led to `error`; there may be thousands, or a ring of them."""
    waiting: list[BaseException | None] = [error.__cause__, error.__context__]
    seen = {id(error)}
    while waiting:
        chained = waiting.pop()
        if chained is not None and id(chained) not in seen:
            seen.add(id(chained))
            chained.__traceback__ = _users(chained.__traceback__)
            waiting += (chained.__cause__, chained.__context__)


def _encodable(text: str) -> str:
    """Half a surrogate pair, as from a file's name that is not UTF-8, written out: no record could hold it."""
    return text.encode("utf-8", "backslashreplace").decode()


def failure_of_orch(cause: str, error: OrchError, prefix: str = "") -> Failure:
    """An error of ours that a step met: its message and its way out."""
    message = _encodable(f"{prefix}{error.message}" + (f" ({error.hint})" if error.hint else ""))
    where = error.where
    return Failure(cause, message, type(error).__name__, file=where.path if where else "", line=where.line if where else 0)


def failure_of_value(cause: str, error: OrchError, project: Project, redact: Callable[[str], str], prefix: str = "") -> Failure:
    """An error of ours about a value; what the user's own code for it raised (a materializer, `__reduce__`) is told with its place."""
    failure = failure_of_orch(cause, error, prefix)
    raised = error.__cause__
    if raised is None or raising_place(raised, raised.__traceback__, project) is None:
        return failure
    told = failure_of(raised, project, redact)
    return replace(failure, traceback=told.traceback, file=told.file, line=told.line)


def failure_of_exit(status: int, *, out_of_memory: bool, what: str = "step") -> Failure:
    """The step's process ended by itself. `status` as `subprocess` counts: negative is a signal."""
    if status >= _FIRST_CRASH:
        return Failure("signal", f"the {what}'s process crashed with {status:#x}, inside a library that is not written in Python")
    if status >= 0:
        return Failure("exit", f"the {what} ended its process with exit code {status}, by os._exit or a crash in a library")
    number = -status
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if out_of_memory:
        return Failure("out-of-memory", f"out of memory: the kernel killed the {what}'s process ({name})")
    if name == "SIGKILL":
        return Failure("signal", f"the {what}'s process was killed by SIGKILL, most often because the machine ran out of memory")
    if name in ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT"):
        return Failure("signal", f"the {what}'s process crashed with {name}, inside a library that is not written in Python")
    return Failure("signal", f"the {what}'s process was ended by {name}")


def failure_of_lost_pipe() -> Failure:
    return Failure("exit", "the step closed descriptors that are not its own, so its process could not be heard any more and was stopped")


def failure_of_timeout(seconds: float, what: str = "step") -> Failure:
    return Failure("timeout", f"the {what} ran longer than its timeout of {seconds:g} s and was stopped")


def placed(failure: Failure, interrupted: Failure | None) -> Failure:
    """`failure` at the line where the step was when it was interrupted for it."""
    if interrupted is None:
        return failure
    return replace(failure, traceback=interrupted.traceback, file=interrupted.file, line=interrupted.line)
