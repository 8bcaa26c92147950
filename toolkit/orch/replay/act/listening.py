"""act's `--json` lines as what happens to jobs."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from orch.model.fan import leg_id, step_of
from orch.runtime.runner import OWN_WORDS

_KEPT: Final = 2000  # lines of a job's log, for a job that ends without a record


@dataclass(frozen=True, slots=True)
class JobStarted:
    job: str


@dataclass(frozen=True, slots=True)
class JobOutput:
    """A line that the user's code printed."""

    job: str
    text: str


@dataclass(frozen=True, slots=True)
class JobFailing:
    """One of its job steps has failed; what is left of them may still run."""

    job: str


@dataclass(frozen=True, slots=True)
class JobEnded:
    """`result` is GitHub's word: success, failure, cancelled."""

    job: str
    result: str


Heard = JobStarted | JobOutput | JobFailing | JobEnded


@dataclass
class JobLog:
    """What a job printed, whoever did, and the errors it announced."""

    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT))
    errors: list[str] = field(default_factory=list)
    summary: str = ""
    token: str = ""  # while commands are stopped
    is_users: bool = True  # what is printed while they are; after the first such stretch it is our own report of a failure
    started: bool = False


def _name(said: dict[str, Any]) -> str:
    """A job's id, and of one of a matrix its place in that, as `train.3`."""
    job, matrix = str(said.get("jobID") or ""), said.get("matrix")
    leg = matrix.get("leg") if isinstance(matrix, dict) else None
    return job if leg is None else leg_id(job, leg)


class Listener:
    """`redact` masks what it is told: act itself knows secrets as they are, and not how they look when they are encoded."""

    def __init__(self, redact: Callable[[str], str] = str) -> None:
        self.redact = redact
        self.logs: dict[str, JobLog] = {}
        self.results: dict[str, str] = {}
        self.trouble: list[str] = []  # act's own words, outside of jobs

    def result(self, step: str) -> str:
        """GitHub's word on the job of a step, or on all jobs of its matrix."""
        found = {result for job, result in self.results.items() if step_of(job) == step}
        return next((result for result in ("failure", "cancelled", "success") if result in found), "skipped")

    def hear(self, line: str) -> Iterator[Heard]:
        try:
            said = json.loads(line)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            self.trouble.append(self.redact(line))
            return
        job = _name(said)
        if not job:
            if said.get("level") in ("error", "fatal"):
                self.trouble.append(self._text(said, "msg"))
            return
        log = self.logs.setdefault(job, JobLog())
        if not log.started:
            log.started = True
            yield JobStarted(job)
        yield from self._line(job, log, said)
        if said.get("stepResult") == "failure":
            yield JobFailing(job)
        if result := said.get("jobResult"):
            self.results[job] = result
            yield JobEnded(job, result)

    def _line(self, job: str, log: JobLog, said: dict[str, Any]) -> Iterator[Heard]:
        command = said.get("command")
        if said.get("raw_output") or command == "ignored":  # `ignored` is a line that looks like a command, while they are stopped
            text = self._text(said, "raw" if command == "ignored" else "msg")
            log.lines.append(text)
            if log.token and log.is_users and not log.token.startswith(OWN_WORDS):
                yield JobOutput(job, text if text.endswith("\n") else f"{text}\n")
        elif command == "stop-commands":
            log.token = str(said.get("arg", ""))
        elif command and command == log.token:
            log.is_users = log.is_users and log.token.startswith(OWN_WORDS)
            log.token = ""
        elif command == "summary":
            log.summary += self._text(said, "content")
        elif command == "error":
            log.errors.append(self._text(said, "arg"))
        elif command is None and said.get("level") == "error" and not str(said.get("msg", "")).startswith("exit status"):
            log.errors.append(self._text(said, "msg"))

    def _text(self, said: dict[str, Any], name: str) -> str:
        return self.redact(str(said.get(name, "")))
