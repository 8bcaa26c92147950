"""What a job says to GitHub's runner: workflow commands in its log, and outputs in a file it names.

The runner reads every line of the log for commands, so text that is not ours is escaped, or printed while commands
are stopped. https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal, TextIO

from orch import files

if TYPE_CHECKING:
    from orch.model.records import Failure

Level = Literal["error", "warning", "notice"]

# Not for the code of steps. What is written to the files of the first four, the runner does in later steps of the job, which
# upload what this one made; with the others, artifacts and caches of the run can be replaced. What a step needs is left to it:
# a token that the job's author put there, OIDC where the author permitted it, and the summary, which is only shown.
NOT_FOR_STEPS: Final = {
    *("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE"),
    *("ACTIONS_RUNTIME_TOKEN", "ACTIONS_RUNTIME_URL", "ACTIONS_RESULTS_URL", "ACTIONS_CACHE_URL", "ACTIONS_CACHE_SERVICE_V2"),
}

# Annotations are shown in logs and pages: marks that move the cursor or reorder what is read are written out there.
_MARKS: Final = (*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_WRITTEN_OUT: Final = {mark: f"\\x{mark:02x}" if mark < 0x100 else f"\\u{mark:04x}" for mark in _MARKS if mark != 9}


def on_runner(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is part of a GitHub Actions job."""
    return environ.get("GITHUB_ACTIONS") == "true"


def annotation(level: Level, message: str, *, file: str = "", line: int = 0, title: str = "") -> str:
    """The command that shows `message` at a line of a file of the repository, without a newline."""
    given = {"file": file, "line": str(line) if line else "", "title": title}
    properties = ",".join(f"{name}={_property(value)}" for name, value in given.items() if value)
    return f"::{level}{' ' if properties else ''}{properties}::{_data(message)}"


def failure_annotation(step: str, failure: Failure) -> str:
    """The command that shows why `step` failed, at the user's own line."""
    return _failure("error", failure, f"step {step} failed")


def hook_annotation(step: str, failure: Failure) -> str:
    """The command that shows why a hook of `step` failed: a warning, because the step ended as it did without it."""
    return _failure("warning", failure, f"a hook of step {step} failed")


def _failure(level: Level, failure: Failure, title: str) -> str:
    message = f"{failure.type}: {failure.message}" if failure.type else failure.message
    return annotation(level, message, file=failure.file, line=failure.line, title=title)


def _data(text: str) -> str:
    encodable = text.encode("utf-8", "backslashreplace").decode()  # half a pair is no text that can be written
    return encodable.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A").translate(_WRITTEN_OUT)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# What begins the token of a stretch of our own words; others hold what a user's code printed.
OWN_WORDS: Final = "orch-own-"


def new_token() -> str:
    """A word that no text printed before it was made can contain."""
    return f"orch-{os.urandom(16).hex()}"


def stop_commands(token: str) -> str:
    """The command after which the runner takes lines as plain text, until `resume_commands` with the same token."""
    return f"::stop-commands::{token}"


def resume_commands(token: str) -> str:
    return f"::{token}::"


def harmless(text: str, *, environ: Mapping[str, str] = os.environ) -> str:
    """`text` of one or more lines as a runner shows and does not obey it: it finds `##[command]` anywhere in a line."""
    if not on_runner(environ):
        return text
    token = new_token().replace("orch-", OWN_WORDS, 1)
    return f"{stop_commands(token)}\n{text}\n{resume_commands(token)}"


@contextmanager
def commands_stopped(stream: TextIO, environ: Mapping[str, str] = os.environ) -> Iterator[None]:
    """The same for all that is printed to `stream` meanwhile, in whole lines."""
    if not on_runner(environ):
        yield
        return
    token = new_token()
    print(stop_commands(token), file=stream, flush=True)
    try:
        yield
    finally:
        print(resume_commands(token), file=stream, flush=True)


def append_output(name: str, value: str, *, environ: Mapping[str, str] = os.environ, new_delimiter: Callable[[], str] = new_token) -> None:
    """Set an output of this job step. Outside a job nobody reads outputs, and nothing is written."""
    if path := environ.get("GITHUB_OUTPUT"):
        delimiter = new_delimiter()
        while delimiter in name or delimiter in value:
            delimiter = new_delimiter()
        files.append_lines(path, f"{name}<<{delimiter}\n{value}\n{delimiter}\n".encode())


def append_summary(make: Callable[[], str], *, environ: Mapping[str, str] = os.environ) -> None:
    """Add Markdown to what GitHub shows on the run's page. Outside a job there is no such page, and nothing is made."""
    if path := environ.get("GITHUB_STEP_SUMMARY"):
        files.append_lines(path, make().encode())
