"""The run and its jobs, as GitHub's API tells of them, from what act has said so far.

https://docs.github.com/rest/actions/workflow-jobs, https://docs.github.com/rest/actions/workflow-runs
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from orch.model.canonical import Json
from orch.replay.act.listening import Heard, JobEnded, JobFailing, JobOutput, JobStarted
from orch.replay.act.server import NOT_FOUND, Asked, Reply, Route, page
from orch.runtime.clock import rfc3339


def _on_github(name: str) -> str:
    """`train (3)`, which is `train.3` here."""
    step, _, leg = name.partition(".")
    return f"{step} ({leg})" if leg else name


@dataclass
class _Job:
    number: int
    started: float
    ended: float = 0.0
    result: str = ""
    has_failed: bool = False  # one of its steps did, and it goes on to its end

    def to_json(self, name: str, attempt: int) -> Json:
        steps = [{"name": "Run", "status": "completed", "conclusion": "failure", "number": 1}] if self.has_failed else []
        return {
            "id": self.number,
            "name": name,
            "run_attempt": attempt,
            "status": "completed" if self.result else "in_progress",
            "conclusion": self.result or None,
            "started_at": rfc3339(self.started),
            "completed_at": rfc3339(self.ended) if self.result else None,
            "runner_name": "act",
            "steps": steps,
        }


class Jobs:
    """`cancel` is called once, from the server's thread, when a job asks for the run to be cancelled."""

    def __init__(self, run: str, attempt: int, now: Callable[[], float], cancel: Callable[[], None]) -> None:
        self._run = run
        self._attempt = attempt
        self._now = now
        self._cancel = cancel
        self._jobs: dict[str, _Job] = {}
        self._lock = threading.Lock()
        self.was_cancelled = False

    @property
    def routes(self) -> tuple[Route, ...]:
        return (
            Route("GET", r"actions/runs/(\d+)/jobs", self._listed),
            Route("GET", r"actions/runs/(\d+)/attempts/\d+/jobs", self._listed),
            Route("POST", r"actions/runs/(\d+)/cancel", self._cancelled),
        )

    def hear(self, heard: Heard) -> None:
        with self._lock:
            job = self._jobs.setdefault(heard.job, _Job(len(self._jobs) + 1, self._now()))
            match heard:
                case JobFailing():
                    job.has_failed = True
                case JobEnded(_, result):
                    job.ended, job.result = self._now(), result
                case JobStarted() | JobOutput():
                    pass

    def _listed(self, asked: Asked) -> Reply:
        if asked.found[0] != self._run:
            return NOT_FOUND
        with self._lock:
            jobs = [job.to_json(_on_github(name), self._attempt) for name, job in self._jobs.items()]
        return page(jobs, "jobs", asked.query)

    def _cancelled(self, asked: Asked) -> Reply:
        if asked.found[0] != self._run:
            return NOT_FOUND
        with self._lock:
            is_first, self.was_cancelled = not self.was_cancelled, True
        if not is_first:
            return Reply(409, {"message": "Cannot cancel a workflow run that is completed."})
        self._cancel()
        return Reply(202, {})
