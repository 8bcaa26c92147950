"""The user's own lines: on the stack, and where an exception was raised, with what it says.

Lines of this toolkit or of an installed package are none.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Final

from orch.authoring.nearest import of_ours
from orch.authoring.project import Project
from orch.errors import Where

_TOOLKIT: Final = str(Path(__file__).parents[1])


def is_ours(file: str) -> bool:
    """Whether the code of `file` is this toolkit's."""
    return file.startswith(_TOOLKIT)


def calling_place(project: Project) -> Where:
    """The innermost line of the user's on the stack."""
    frame = sys._getframe(1)
    while frame.f_back is not None and is_ours(frame.f_code.co_filename):
        frame = frame.f_back
    return from_git_root(Where(frame.f_code.co_filename, frame.f_lineno), project)


def raising_place(error: BaseException, traceback: TracebackType | None, project: Project) -> Where | None:
    """The last line of the project in `traceback`, or the one that a SyntaxError points to."""
    if isinstance(error, SyntaxError) and error.filename and _is_own(error.filename, project):
        return from_git_root(Where(error.filename, error.lineno or 0), project)
    place = None
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if _is_own(file, project):
            place = Where(file, traceback.tb_lineno)
        traceback = traceback.tb_next
    return from_git_root(place, project) if place else None


def from_git_root(where: Where, project: Project) -> Where:
    """`where` as people see it in messages and annotations; names like `<string>` stay as they are."""
    return Where(_shown(where.path, project), where.line)


@cache  # every call of a step in a pipeline has one, and most are of one file
def _shown(file: str, project: Project) -> str:
    path = Path(file)
    return project.relative(path.resolve()) if path.is_absolute() else file


def told(error: BaseException) -> str:
    """`Type: message` of what a user's code raised, whose own `__str__` may raise anything; and a name of orch's that was meant."""
    meant = of_ours(error)
    message = message_of(error).replace(".__init__()", "()") if meant else message_of(error)
    return f"{type(error).__name__}: {message}{meant}"


def message_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 (a user's `__str__`)
        return "<its message cannot be shown>"


def _is_own(file: str, project: Project) -> bool:
    path = Path(file)
    if is_ours(file) or not path.is_absolute() or "site-packages" in path.parts:
        return False
    return path.resolve().is_relative_to(project.root)
