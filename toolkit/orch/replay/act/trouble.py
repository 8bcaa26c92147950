"""What went wrong around the steps of a run: in jobs that are of no step, and in act itself. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Final

from orch.model.fan import step_of
from orch.names import RESULT_JOB
from orch.replay.act.listening import Listener

_SHOWN: Final = 4000  # characters
# act looks for Docker, which a run on this machine itself does not need.
_NOTED: Final = '{"level":"warning"'


def broken_jobs(results: Mapping[str, str], steps: Container[str]) -> list[str]:
    """Those of no step that failed, by GitHub's words for the ends of jobs; but for the last one, which fails with the steps."""
    failed = (job for job, result in results.items() if result == "failure" and job != RESULT_JOB)
    return [job for job in failed if step_of(job) not in steps]


def trouble(heard: Listener, stderr: str, jobs: Iterable[str] = ()) -> str:
    """What act said of itself, and the end of what `jobs` printed, where a traceback stands."""
    logs = [heard.logs[job] for job in jobs if job in heard.logs]
    said = [*heard.trouble, *(error for log in logs for error in log.errors)]
    said += [line for line in stderr.splitlines() if not line.startswith(_NOTED)]
    said += ["".join(log.lines) for log in logs]
    return "\n".join(filter(None, map(str.strip, said)))[-_SHOWN:]


def last_words(stderr: str) -> str:
    """How a Go program says why it ends, before the stacks of all that it did."""
    return next((line for line in stderr.splitlines() if line.startswith(("fatal error:", "panic:", "runtime:", "SIG"))), "it said nothing")
