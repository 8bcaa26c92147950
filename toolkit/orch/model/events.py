"""What happens during a run, as it happens: rendered for people, printed as JSON lines for machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from orch.model.canonical import Json
from orch.model.graph import Graph
from orch.model.records import StepRecord
from orch.model.runs import RunInfo, RunRecord

SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class RunStarted:
    info: RunInfo
    graph: Graph


@dataclass(frozen=True, slots=True)
class StepStarted:
    step: str
    tries: int = 1


@dataclass(frozen=True, slots=True)
class StepOutput:
    """Whole lines, each with its newline, that a step wrote to stdout or stderr, secrets masked."""

    step: str
    text: str


@dataclass(frozen=True, slots=True)
class StepEnded:
    record: StepRecord


@dataclass(frozen=True, slots=True)
class RunEnded:
    record: RunRecord


Event = RunStarted | StepStarted | StepOutput | StepEnded | RunEnded


class EventSink(Protocol):
    """Called from the scheduler's thread, in order; must not block and must not raise."""

    def __call__(self, event: Event, /) -> None: ...


def to_json(event: Event) -> Json:
    """One line of `--json`. The last event of a run, `RunEnded`, is the run record itself."""
    match event:
        case RunStarted(info, graph):
            return {"schema": SCHEMA, "event": "run-started", "steps": [step.id for step in graph.steps]} | info.to_json()
        case StepStarted(step, tries):
            return {"schema": SCHEMA, "event": "step-started", "id": step, "tries": tries}
        case StepOutput(step, text):
            return {"schema": SCHEMA, "event": "step-output", "id": step, "text": text}
        case StepEnded(record):
            return {"schema": SCHEMA, "event": "step-ended", "record": record.to_json()}
        case RunEnded(record):
            return record.to_json()
