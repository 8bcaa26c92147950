"""What was run and what came of it: a run's record is the fold of its steps'.

Its times, durations and unknown keys are as in the records of steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from orch.errors import ExitCode, RecordError
from orch.model import canonical
from orch.model.canonical import Json
from orch.model.ends import Ends
from orch.model.fan import index_of, step_of
from orch.model.fields import checked, texts
from orch.model.graph import Graph, topological
from orch.model.records import NO_REPORT, SCHEMA, Failure, StepRecord, check_kind, load_kind, newest, skipped
from orch.model.states import State, fold_states


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What is the same for all steps of a run, known before the first one starts."""

    run: str
    pipeline: str
    orchestrator: str  # local, github, act
    attempt: int = 1
    started: str = ""
    parameters: Mapping[str, Json] = field(default_factory=dict)  # encoded by orch.model.values
    trigger: str = "manual"
    source: str = ""  # path/from/git/root.py:function
    commit: str = ""
    actor: str = ""
    url: str = ""
    logical_date: str = ""  # RFC 3339 with its offset: the moment that the run is for
    part: tuple[str, ...] = ()  # the steps that were to run, where not all were

    def to_json(self) -> Json:
        names = ("orchestrator", "attempt", "started", "trigger", "source", "commit", "actor", "url", "logical_date")
        data = {name: getattr(self, name) for name in names if getattr(self, name)}
        if self.part:
            data["part"] = list(self.part)
        return {"run": self.run, "pipeline": self.pipeline, "parameters": dict(self.parameters)} | data

    @classmethod
    def from_json(cls, data: Json) -> RunInfo:
        names = ("orchestrator", "attempt", "started", "trigger", "source", "commit", "actor", "url", "logical_date", "parameters")
        given = {name: data[name] for name in names if name in data}
        return cls(data["run"], data["pipeline"], part=texts(data.get("part", [])), **{"orchestrator": ""} | given)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run that has started. Until it has `ended`, `steps` may lack those that are still to come."""

    info: RunInfo
    state: State
    steps: tuple[StepRecord, ...]
    ended: str = ""
    duration: float = 0.0
    failure: Failure | None = None  # why it broke off, where that was none of the steps' doing

    @property
    def exit_code(self) -> ExitCode:
        """What a command ends with that ran it."""
        failures = (self.failure, *(step.failure for step in self.steps))
        has_no_store = self.state is State.FAILED and any(failure and failure.cause == "store" for failure in failures)
        return ExitCode.UNREACHABLE if has_no_store else self.state.exit_code

    @property
    def text(self) -> str:
        """Canonical JSON."""
        members = {name: canonical.dumps(value) for name, value in self._without_steps().items()}
        return canonical.object_of(members | {"steps": canonical.list_of(step.text for step in self.steps)})

    def to_json(self) -> Json:
        return self._without_steps() | {"steps": [step.to_json() for step in self.steps]}

    def _without_steps(self) -> Json:
        return (
            {"schema": SCHEMA, "kind": "run"}
            | self.info.to_json()
            | {"state": str(self.state), "ended": self.ended, "duration": round(self.duration, 6)}
            | ({"failure": self.failure.to_json()} if self.failure else {})
        )

    @classmethod
    def read(cls, text: bytes) -> RunRecord:
        """The record in a file; raises RecordError where there is none."""
        return cls.from_json(load_kind(text, "run"))

    @classmethod
    def from_json(cls, data: Json) -> RunRecord:
        check_kind(data, "run")
        try:
            record = cls(
                RunInfo.from_json(data),
                State(data["state"]),
                tuple(StepRecord.from_json(step) for step in data["steps"]),
                data.get("ended", ""),
                data.get("duration", 0.0),
                Failure.from_json(data["failure"]) if "failure" in data else None,
            )
            return checked(record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RecordError(f"this run record is damaged: {type(error).__name__}: {error}") from error


def fold(
    info: RunInfo,
    graph: Graph,
    records: Iterable[StepRecord],
    *,
    ended: str = "",
    duration: float = 0.0,
    empty: Mapping[str, StepRecord] | None = None,
) -> RunRecord:
    """The run's record: each step's newest attempt.

    A step without a record was skipped if a need or its condition says so, else it was cancelled; but for `empty` ones, mapped over
    nothing, which have nothing to report.
    """
    told = newest(records)
    ends = Ends.of(graph.steps, info.parameters)
    for step in topological(graph):
        if step.id not in told:
            missing = (empty or {}).get(step.id) or StepRecord(step.id, State.CANCELLED, info.attempt, reason=NO_REPORT)
            told[step.id] = skipped(step, ends, info.attempt) if ends.may_start(step) is False else missing
        elif told[step.id].state is State.CACHED and ends.is_below_failure(step):  # a plan had decided so before something failed
            told[step.id] = skipped(step, ends, info.attempt)
            told = {name: record for name, record in told.items() if step_of(name) != step.id or name == step.id}
        record = told[step.id]
        ends.note(step, record.state, flags=record.flags, outputs=record.outputs)
    legs: dict[str, list[StepRecord]] = {}
    for record in told.values():
        if index_of(record.step) is not None:
            legs.setdefault(step_of(record.step), []).append(record)
    ordered = {step: sorted(records, key=lambda record: index_of(record.step) or 0) for step, records in legs.items()}
    steps = tuple(record for step in graph.steps for record in (told[step.id], *ordered.get(step.id, ())))
    return RunRecord(info, fold_states([step.state for step in steps]), steps, ended, duration)


def comparable_digests(record: RunRecord) -> dict[str, str]:
    """`step.output` -> digest, of the outputs whose bytes are determined by their value."""
    return {
        f"{step.step}.{name}": artifact.digest for step in record.steps for name, artifact in step.outputs.items() if artifact.comparable
    }
