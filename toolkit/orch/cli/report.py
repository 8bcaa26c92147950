"""An error as text for people, as annotations on a runner, and as an exit code."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Final, TextIO

import click

from orch.cli.text import paint, printable, takes_colour
from orch.errors import ExitCode, OrchError, UsageError
from orch.runtime.runner import annotation, new_token, on_runner, resume_commands, stop_commands
from orch.system.refusals import refusal

ISSUES: Final = "https://github.com/orch-dev/orch-action/issues"
_NO_COMMAND: Final = re.compile(r"No such command '([^']*)'")
_NO_CHOICE: Final = re.compile(r": '(.*)' is not one of ", re.DOTALL)


def report(error: BaseException) -> int:
    """Say on stderr what went wrong, and return the exit code."""
    error = _understood(error)
    try:
        return _report(error, sys.stderr)
    except OSError:  # nobody reads stderr, or its disk is full: the exit code still counts
        return exit_code(error)


def _understood(error: BaseException) -> BaseException:
    """What the system says where it asks for the working directory, and there is none any more; and what it refuses."""
    if isinstance(error, FileNotFoundError) and error.filename is None:
        try:
            Path.cwd()
        except FileNotFoundError:
            return UsageError("the folder that this command was started in is not there any more", hint="cd to one that is")
    return refusal(error) or error


def exit_code(error: BaseException) -> int:
    match error:
        case OrchError():
            return error.worst
        case click.ClickException():
            return ExitCode.USAGE
        case KeyboardInterrupt() | click.Abort():
            return ExitCode.CANCELLED
        case _:
            return ExitCode.BUG


def _report(error: BaseException, stream: TextIO) -> int:
    code = exit_code(error)
    if isinstance(error, click.UsageError) and type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message(), file=stream)
    elif code == ExitCode.CANCELLED:
        print("cancelled", file=stream)
    elif isinstance(error, click.ClickException):
        _say([_usage(error)], stream)
    elif isinstance(error, OrchError):
        _say(error.problems, stream)
    else:
        _say([_bug(error)], stream, details=_details(error))
    stream.flush()
    return code


def render(problem: OrchError, *, colour: bool = False) -> str:
    """`path:line: error: message [code]`, and the way out on a line of its own."""
    place = paint(f"{printable(str(problem.where))}: ", "bold", colour=colour) if problem.where else ""
    code = paint(f"[{problem.code}]", "dim", colour=colour)
    lines = [f"{place}{paint('error:', 'bold', 'red', colour=colour)} {printable(problem.message)} {code}"]
    if problem.hint:
        lines += [f"  {paint('help:', 'cyan', colour=colour)} {printable(problem.hint)}"]
    return "\n".join(lines)


def _say(problems: Iterable[OrchError], stream: TextIO, *, details: str = "") -> None:
    text = "\n".join(render(problem, colour=takes_colour(stream)) for problem in problems) + details
    if not on_runner():
        print(text, file=stream)
        return
    token = new_token()
    print(stop_commands(token), text, resume_commands(token), sep="\n", file=stream)
    for problem in problems:
        message = f"{problem.message}\n{problem.hint}" if problem.hint else problem.message
        where = problem.where
        file, line = (where.path, where.line) if where else ("", 0)
        print(annotation("error", message, file=file, line=line, title=problem.code), file=stream)


class _Bug(OrchError):
    """Not trouble of the user's, and so not in `orch.errors`."""

    code = "bug"
    exit_code = ExitCode.BUG


def _bug(error: BaseException) -> OrchError:
    message = f"this is a bug in orch: {type(error).__name__}: {error}"
    return _Bug(message, hint=f"please report it, with all that follows, at {ISSUES}")


def _details(error: BaseException) -> str:
    import platform
    import traceback
    from importlib.metadata import version

    from orch import __version__

    machine = f"{platform.system()} {platform.release()} {platform.machine()}"
    versions = f"orch {__version__}, Python {platform.python_version()}, click {version('click')}, {machine}"
    return f"\n\n{versions}\n{printable(''.join(traceback.format_exception(error))).rstrip()}"


def _usage(error: click.ClickException) -> UsageError:
    """What click found wrong with the command line, in our words."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "orch"
    see = f"`{path} --help` shows what it takes"
    if isinstance(error, click.NoSuchOption):
        options = [name for parameter in context.command.get_params(context) for name in parameter.opts] if context else []
        return UsageError(f"{path} has no option {error.option_name!r}", hint=_nearest(error.option_name, options) or see)
    message = " ".join(error.format_message().split())
    if context and isinstance(context.command, click.Group) and (found := _NO_COMMAND.match(message)):
        commands = context.command.list_commands(context)
        return UsageError(f"{path} has no command {found[1]!r}", hint=_nearest(found[1], commands) or f"commands are {', '.join(commands)}")
    message = message[:1].lower() + message[1:].removesuffix(".").replace("is not a valid integer range", "is not a whole number")
    kind = error.param.type if isinstance(error, click.BadParameter) and error.param else None
    near = _nearest(found[1], list(kind.choices)) if isinstance(kind, click.Choice) and (found := _NO_CHOICE.search(message)) else ""
    return UsageError(message, hint=near or see)


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else ""
