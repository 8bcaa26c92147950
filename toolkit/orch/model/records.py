"""What came of a step that was run: what a job or worker writes, and one line of a run's journal.

Times are UTC in RFC 3339 with milliseconds, durations are seconds. Readers ignore keys they do not know; a record of a
newer schema is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from orch.errors import RecordError
from orch.model import canonical
from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.fields import checked, flags, texts
from orch.model.schema import check_schema
from orch.model.states import State

if TYPE_CHECKING:
    from orch.model.ends import Ends
    from orch.model.steps import Step

SCHEMA: Final = 1
NO_REPORT: Final = "it did not report"  # of a step that had to run and of which there is nothing


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step failed. `cause`: exception, exit, signal, out-of-memory, timeout, input, output, store (which is no fault of the step's),
    or import; of a hook also interrupted; of a run the code of the error that ended it."""

    cause: str
    message: str
    type: str = ""  # the exception's class name
    traceback: str = ""  # from the user's first frame on
    file: str = ""  # relative to the git root, of the user's last own frame
    line: int = 0

    def to_json(self) -> Json:
        names = ("type", "traceback", "file", "line")
        data = {name: getattr(self, name) for name in names if getattr(self, name)}
        return {"cause": self.cause, "message": self.message} | data

    @classmethod
    def from_json(cls, data: Json) -> Failure:
        names = ("cause", "message", "type", "traceback", "file", "line")
        return cls(**{name: data[name] for name in names if name in data})


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One attempt of one step. `attempt` is the run's (GitHub's re-run counts it); `tries` counts our own retries."""

    step: str
    state: State
    attempt: int = 1
    tries: int = 1
    started: str = ""
    duration: float = 0.0
    inputs: Mapping[str, Json] = field(default_factory=dict)  # argument name -> {"digest"} or nested bindings
    outputs: Mapping[str, Artifact] = field(default_factory=dict)
    failure: Failure | None = None
    reason: str = ""  # why it was skipped or cancelled
    environment: Mapping[str, Json] = field(default_factory=dict)  # python, os, arch, orch
    metadata: Mapping[str, Json] = field(default_factory=dict)  # what `orch.log_metadata` was given: scalars
    key: str = ""  # the cache key, where one was computed
    facts: Mapping[str, Json] = field(default_factory=dict)  # what the key is the digest of
    cached_from: str = ""  # the run that made the outputs, of a cached step
    cause: str = ""  # why it ran, or was cached, as one word: see `orch.model.plan.Cause`
    hook: Failure | None = None  # why its on_failure or on_success hook failed; the step's own state stays
    flags: Mapping[str, bool] = field(default_factory=dict)  # comparisons of its outputs, by name: see `orch.model.flags`
    _text: str = field(default="", init=False, repr=False, compare=False)

    @property
    def text(self) -> str:
        """Canonical JSON, made once: it is a line of the journal first, and a part of the run's record in the end."""
        if not self._text:
            object.__setattr__(self, "_text", canonical.dumps(self.to_json()))
        return self._text

    def to_json(self) -> Json:
        data: dict[str, Any] = {
            "schema": SCHEMA,
            "kind": "step",
            "id": self.step,
            "state": str(self.state),
            "attempt": self.attempt,
            "tries": self.tries,
            "outputs": {name: artifact.to_json() for name, artifact in self.outputs.items()},
        }
        if self.started:
            data |= {"started": self.started, "duration": round(self.duration, 6)}
        if self.inputs:
            data["inputs"] = dict(self.inputs)
        if self.failure:
            data["failure"] = self.failure.to_json()
        if self.reason:
            data["reason"] = self.reason
        if self.environment:
            data["environment"] = dict(self.environment)
        if self.metadata:
            data["metadata"] = dict(self.metadata)
        if self.key:
            data |= {"key": self.key, "facts": dict(self.facts)}
        if self.cached_from:
            data["cached_from"] = self.cached_from
        if self.cause:
            data["cause"] = self.cause
        if self.hook:
            data["hook"] = self.hook.to_json()
        if self.flags:
            data["flags"] = dict(self.flags)
        return data

    @classmethod
    def read(cls, text: bytes) -> StepRecord:
        """The record in a file, a line or an answer; raises RecordError where there is none."""
        return cls.from_json(load_kind(text, "step"))

    @classmethod
    def from_json(cls, data: Json) -> StepRecord:
        check_kind(data, "step")
        try:
            record = cls(
                step=data["id"],
                state=State(data["state"]),
                attempt=data["attempt"],
                tries=data.get("tries", 1),
                started=data.get("started", ""),
                duration=data.get("duration", 0.0),
                inputs=data.get("inputs", {}),
                outputs={name: Artifact.from_json(artifact) for name, artifact in data["outputs"].items()},
                failure=Failure.from_json(data["failure"]) if "failure" in data else None,
                reason=data.get("reason", ""),
                environment=data.get("environment", {}),
                metadata=data.get("metadata", {}),
                key=data.get("key", ""),
                facts=data.get("facts", {}),
                cached_from=data.get("cached_from", ""),
                cause=data.get("cause", ""),
                hook=Failure.from_json(data["hook"]) if "hook" in data else None,
                flags=flags(data.get("flags", {})),
            )
            _check_values(record)
            return checked(record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RecordError(f"this step record is damaged: {type(error).__name__}: {error}") from error


def load_kind(text: bytes, kind: str) -> Json:
    """The JSON of a record; raises RecordError where there is none. `kind` is step or run."""
    try:
        return canonical.loads(text)
    except ValueError as error:
        raise RecordError(f"this {kind} record is damaged: {type(error).__name__}: {error}") from error


def _check_values(record: StepRecord) -> None:
    """Of the mappings whose values are all of one kind."""
    for read in record.inputs.values():
        if not isinstance(read["digest"], str):
            raise TypeError(f"an input's digest is {read['digest']!r}")
    texts(list(record.environment.values()))


def check_kind(data: Json, kind: str) -> None:
    """Raises RecordError where `data` is no record of that kind, or of a newer schema."""
    check_schema(data, SCHEMA, f"{kind} record", RecordError)
    if data.get("kind") != kind:
        raise RecordError(f"this is not a {kind} record")


def skipped(step: Step, ends: Ends, attempt: int) -> StepRecord:
    """The record of a step that could not start, and why."""
    return StepRecord(step.id, State.SKIPPED, attempt, reason=ends.reason(step))


def newest(records: Iterable[StepRecord]) -> dict[str, StepRecord]:
    """Each step's record of the highest attempt; of the same attempt the last."""
    found: dict[str, StepRecord] = {}
    for record in records:
        if record.step not in found or record.attempt >= found[record.step].attempt:
            found[record.step] = record
    return found
