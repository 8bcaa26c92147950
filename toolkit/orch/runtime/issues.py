"""The one issue of a pipeline: what becomes of it at the end of a run, as data, and what it says.

It is found again by a mark in its text that nobody sees. What a record has from the user's code stands in code alone, where GitHub makes no
mention, no reference and no structure of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from orch.model.canonical import Json
from orch.model.fan import index_of
from orch.model.graph import Graph
from orch.model.records import StepRecord
from orch.model.runs import RunRecord
from orch.model.states import State
from orch.runtime.summary import code, commands, fenced

LABEL: Final = "orch"  # of every such issue, to find them among thousands
LIMIT: Final = 60_000  # GitHub takes 65,536 characters
_TOLD: Final = re.compile(r"^<!-- orch-told: (\{[^\n]*\}) -->$", re.MULTILINE)
_SHOWN: Final = 20
_MESSAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Told:
    """What an issue says of the run that was told last. Runs and attempts are numbers that grow."""

    run: int
    attempt: int
    failed: tuple[str, ...] = ()
    times: int = 1  # failures in a row

    def to_json(self) -> Json:
        return {"run": self.run, "attempt": self.attempt, "failed": list(self.failed), "times": self.times}


@dataclass(frozen=True, slots=True)
class Known:
    """The issue as it is."""

    number: int
    is_open: bool
    told: Told | None
    body: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What to do: `number` 0 opens an issue. Only what is not empty is sent."""

    number: int = 0
    state: str = ""  # open or closed, where that changes
    body: str = ""
    comment: str = ""


def mark(pipeline: str) -> str:
    return f"<!-- orch-pipeline: {pipeline} -->"


def find(pipeline: str, issues: Iterable[Json]) -> Known | None:
    """The issue of the pipeline, the oldest one if there are several: one that a bot made and that begins with the mark."""
    found = None
    for issue in issues:
        body = str(issue.get("body") or "").replace("\r\n", "\n")
        is_ours = body.startswith(f"{mark(pipeline)}\n") and (issue.get("user") or {}).get("type") == "Bot" and "pull_request" not in issue
        if is_ours and (found is None or issue["number"] < found.number):
            found = Known(issue["number"], issue.get("state") == "open", _told(body), body)
    return found


def _told(body: str) -> Told | None:
    """None also where somebody has edited it away."""
    found = _TOLD.search(body)
    try:
        data = json.loads(found[1]) if found else None
        return Told(int(data["run"]), int(data["attempt"]), tuple(map(str, data["failed"])), int(data["times"])) if data else None
    except (ValueError, TypeError, KeyError):
        return None


def decide(known: Known | None, record: RunRecord, graph: Graph, *, failed: bool) -> Change | None:
    """None where there is nothing to say, also because a later run has been told of."""
    run = Told(int(record.info.run), record.info.attempt, tuple(step.step for step in failed_steps(record)))
    before = known.told if known else None
    if before and (before.run, before.attempt) >= (run.run, run.attempt):
        return None
    if not failed:
        if known is None or not known.is_open:
            return None
        body = _TOLD.sub(lambda _: _mark_of(replace(run, times=0)), known.body)  # so that no run before this one opens it again
        return Change(known.number, "closed", body, f"It succeeded: {_run(record)}.\n")
    if known is None:
        return Change(body=_body(run, record, graph))
    if not known.is_open:
        return Change(known.number, "open", _body(run, record, graph), f"It failed again: {_run(record)}{_names(run.failed)}.\n")
    again = Told(run.run, run.attempt, run.failed, (before.times if before else 1) + 1)
    is_news = before is None or before.failed != again.failed  # who follows the issue need not be told every night of the same
    return Change(known.number, "", _body(again, record, graph), f"Now: {_run(record)}{_names(run.failed)}.\n" if is_news else "")


def failed_steps(record: RunRecord) -> list[StepRecord]:
    """Without the legs of mapped steps: the step's own record says which of them failed."""
    return [step for step in record.steps if step.state is State.FAILED and index_of(step.step) is None]


def title(pipeline: str) -> str:
    return f"Pipeline {pipeline} fails"


# --- what it says ---


def _mark_of(told: Told) -> str:
    return f"<!-- orch-told: {json.dumps(told.to_json(), sort_keys=True)} -->"


def _body(told: Told, record: RunRecord, graph: Graph) -> str:
    pipeline = graph.pipeline
    # A comment in HTML ends at `--`, and nothing in here has one: step ids have no `-`.
    head = f"{mark(pipeline)}\n{_mark_of(told)}\n"
    times = f", the {told.times}th failure in a row" if told.times > 3 else f", failure {told.times} in a row" if told.times > 1 else ""
    text = f"{head}\nThe pipeline `{pipeline}` failed: {_run(record)}{times}.\n"
    tail = f"\nOn your machine:\n\n{fenced(commands(record, graph), 'console')}\nThis issue is closed by the next run that succeeds.\n"
    for part in _failures(record):
        if len(text) + len(part) + len(tail) > LIMIT:
            break
        text += part
    return text + tail


def _failures(record: RunRecord) -> Iterator[str]:
    failed = failed_steps(record)
    if not failed:
        yield "\nThe run's record is missing: the log of its result job says why.\n"
        return
    yield "\n| step | why |\n| --- | --- |\n"
    for step in failed[:_SHOWN]:
        yield f"| `{step.step}` | {_why(step)} |\n"
    if len(failed) > _SHOWN:
        yield f"| | and {len(failed) - _SHOWN} more |\n"


def _why(step: StepRecord) -> str:
    failure = step.failure
    if failure is None:
        return ""
    message = " ".join(f"{failure.type}: {failure.message}".removeprefix(": ").split())
    place = f" at {code(f'{failure.file}:{failure.line}')}" if failure.file else ""
    return code(message if len(message) <= _MESSAGE else f"{message[: _MESSAGE - 1]}…") + place


def _names(steps: tuple[str, ...]) -> str:
    shown = ", ".join(f"`{step}`" for step in steps[:_SHOWN])
    return f" ({shown}{f' and {len(steps) - _SHOWN} more' if len(steps) > _SHOWN else ''})" if steps else ""


def _run(record: RunRecord) -> str:
    info = record.info
    named = f"run {info.run}" + (f", attempt {info.attempt}" if info.attempt > 1 else "")
    return f"[{named}]({info.url}/attempts/{info.attempt})" if info.url else named
