"""What the plan job hands on to the jobs of its run, as an artifact: facts, decisions, and the results that may be used again.

It is read by the same version that wrote it, in the same run; so it has no schema that others could rely on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from orch import files
from orch.errors import RecordError
from orch.model import canonical
from orch.model.canonical import Json
from orch.model.facts import Facts
from orch.model.fields import checked
from orch.model.index import Entry, Index
from orch.model.plan import Action, Cause, Decision, Plan
from orch.runtime.earlier import INDEX_FILE, parse_index

PLAN_FILE: Final = "plan.json"


@dataclass(frozen=True, slots=True)
class Planned:
    """`facts` are without machine; `entries` are all results that may be used, `cached` those that are, by step."""

    attempt: int
    logical_date: str = ""
    facts: Mapping[str, Facts] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    decisions: Mapping[str, Decision] = field(default_factory=dict)

    @property
    def index(self) -> Index:
        return Index(self.entries)

    @property
    def cached(self) -> dict[str, Entry]:
        found = self.decisions.items()
        return {step: each.entry for step, each in found if each.action is Action.CACHED and each.entry is not None}

    def write(self, folder: Path) -> None:
        numbers = {id(entry): number for number, entry in enumerate(self.entries)}
        data = {
            "attempt": self.attempt,
            "logical_date": self.logical_date,
            "facts": {step: facts_to_json(facts) for step, facts in self.facts.items()},
            "decisions": {step: _decision_to_json(decision, numbers) for step, decision in self.decisions.items()},
        }
        files.make_folders(folder)
        files.write_atomic(folder / INDEX_FILE, index_text(self.entries))
        files.write_atomic(folder / PLAN_FILE, canonical.dumps(data).encode())

    @classmethod
    def read(cls, folder: Path) -> Planned | None:
        """Of the latest attempt below `folder`, where artifacts were downloaded to; None where there is none. Raises RecordError."""
        found = [_read(file) for file in (folder / PLAN_FILE, *sorted(folder.glob(f"*/{PLAN_FILE}"))) if file.is_file()]
        return max(found, key=lambda planned: planned.attempt, default=None)


def index_text(entries: Iterable[Entry]) -> bytes:
    return "".join(f"{canonical.dumps(entry.to_json())}\n" for entry in entries).encode()


def sources_of(cached: Mapping[str, Entry]) -> dict[str, Json]:
    """Where the outputs of cached steps lie, as an output of the plan job: the run, the artifacts, and what tells that these are they."""
    return {
        step: {"run": entry.run, "artifacts": [kept.id for kept in entry.artifacts], "check": check_of(entry)} | _other(step, entry)
        for step, entry in sorted(cached.items())
        if entry.outputs
    }


def _other(step: str, entry: Entry) -> dict[str, Json]:
    """Steps of equal code and arguments share a result."""
    return {} if entry.step == step else {"step": entry.step}


def check_of(entry: Entry) -> str:
    return check_of_digests({name: artifact.digest for name, artifact in entry.outputs.items()})


def check_of_digests(digests: Mapping[str, str]) -> str:
    return hashlib.sha256(canonical.dumps(dict(digests)).encode()).hexdigest()[:32]


def plan_of(planned: Planned) -> Plan:
    return Plan(tuple(planned.decisions.values()))


def facts_to_json(facts: Facts) -> Json:
    names = ("code", "packages", "reads_logical_date")
    return {name: getattr(facts, name) for name in names} | {"files": dict(facts.files)}


def _facts_from_json(data: Json) -> Facts:
    return checked(Facts(data["code"], data["packages"], "", "", data["files"], data["reads_logical_date"]))


def _decision_to_json(decision: Decision, numbers: Mapping[int, int]) -> Json:
    names = ("action", "cause", "reason", "key")
    data = {name: str(getattr(decision, name)) for name in names} | {"facts": dict(decision.facts)}
    return data if decision.entry is None else data | {"entry": numbers[id(decision.entry)]}


def _decision_from_json(step: str, data: Json, entries: list[Entry]) -> Decision:
    entry = entries[data["entry"]] if "entry" in data else None
    return Decision(step, Action(data["action"]), Cause(data["cause"]), data["reason"], data["key"], data["facts"], entry)


def _read(file: Path) -> Planned:
    try:
        data = canonical.loads(file.read_bytes())
        entries, damaged = parse_index((file.parent / INDEX_FILE).read_bytes())
        if damaged:
            raise RecordError(f"the plan {file.parent.name!r} is damaged", hint="re-run all jobs")
        return checked(
            Planned(
                data["attempt"],
                data["logical_date"],
                {step: _facts_from_json(facts) for step, facts in data["facts"].items()},
                tuple(entries),
                {step: _decision_from_json(step, each, entries) for step, each in data["decisions"].items()},
            )
        )
    except (OSError, KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(f"the plan {file.parent.name!r} is damaged: {type(error).__name__}: {error}", hint="re-run all jobs") from error
