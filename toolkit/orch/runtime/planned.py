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
from orch.model.fan import index_of, step_of
from orch.model.fields import checked
from orch.model.index import Entry, Index
from orch.model.plan import Action, Cause, Decision, Plan
from orch.runtime.earlier import INDEX_FILE, parse_index

PLAN_FILE: Final = "plan.json"
# Characters. Jobs get it as a variable, and the result job those of all outputs together, of at most 128 KB:
# https://man7.org/linux/man-pages/man2/execve.2.html#NOTES
_LONGEST: Final = 30_000


@dataclass(frozen=True, slots=True)
class Planned:
    """`facts` are without machine; `entries` are all results that may be used, `cached` those that are, by step, `taken` the same
    with those of each leg in place of a mapped step's own, which may be used though not all of them are.
    """

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

    @property
    def taken(self) -> dict[str, Entry]:
        return {name: entry for each in self.decisions.values() for name, entry in each.taken.items()}

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


def sources_of(taken: Mapping[str, Entry]) -> dict[str, Json]:
    """Where the outputs of cached steps lie, as an output of the plan job: the run, the artifacts, and what tells that these are they.

    Of a mapped step of which legs are cached it says that the plan's artifact tells: of thousands, an output of a job cannot. So it does
    of all, where they are too many.
    """
    found: dict[str, Json] = {}
    for name, entry in sorted(taken.items()):
        if index_of(name) is not None:
            found |= {step_of(name): {"plan": True}} if entry.outputs else {}
        elif entry.outputs:
            source = {"run": entry.run, "artifacts": [kept.id for kept in entry.artifacts], "check": check_of(entry)}
            found[name] = source | _other(name, entry)
    return found if len(canonical.dumps(found)) <= _LONGEST else {name: {"plan": True} for name in found}


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
    data: Json = {name: str(getattr(decision, name)) for name in names} | {"facts": dict(decision.facts)}
    if (entry := decision.entry) is not None:  # that of a mapped step is made up of those of its legs
        data["entry"] = numbers[id(entry)] if id(entry) in numbers else entry.to_json()
    if legs := [each for each in decision.legs if each.action is Action.CACHED]:  # of the others nobody asks any more
        data["legs"] = {each.step: {"reason": each.reason, "entry": numbers[id(each.entry)]} for each in legs}
    return data


def _decision_from_json(step: str, data: Json, entries: list[Entry]) -> Decision:
    told = data.get("entry")
    entry = Entry.from_json(told) if isinstance(told, dict) else None if told is None else entries[told]
    legs = tuple(_leg_from_json(leg, each, entries) for leg, each in data.get("legs", {}).items())
    return Decision(step, Action(data["action"]), Cause(data["cause"]), data["reason"], data["key"], data["facts"], entry, legs)


def _leg_from_json(leg: str, data: Json, entries: list[Entry]) -> Decision:
    entry = entries[data["entry"]]
    return Decision(leg, Action.CACHED, Cause.HIT, data["reason"], entry.key, entry.facts, entry)


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
