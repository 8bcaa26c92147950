"""What the result job does for later runs: it tells of the steps that the plan took from earlier ones, and leaves the index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orch import files
from orch.authoring.project import Project
from orch.errors import OrchError, RecordError
from orch.model import canonical
from orch.model.canonical import Json
from orch.model.facts import Facts
from orch.model.gathered import fold_legs
from orch.model.graph import Graph
from orch.model.index import Entry, Index, Kept
from orch.model.plan import Action, Decision
from orch.model.records import StepRecord
from orch.model.runs import RunRecord
from orch.model.states import State
from orch.model.steps import Step
from orch.names import PLAN_JOB
from orch.planning.decide import Known
from orch.planning.facts import gather_ahead
from orch.planning.locked import Locks
from orch.runtime.api import Api
from orch.runtime.earlier import INDEX_FILE, read_earlier
from orch.runtime.here import Here
from orch.runtime.kept import Made, artifacts_of_run, cached_record, cumulative, lost
from orch.runtime.leg_results import legs_as_steps
from orch.runtime.planned import Planned, index_text


@dataclass(frozen=True, slots=True)
class Keeping:
    """`mode` is `plan` or `job`, or `asked` where somebody wanted every step to run; `said` is what the plan job said of each step;
    `legs` are those of mapped steps."""

    graph: Graph
    project: Project
    mode: str
    planned: Planned | None
    said: Mapping[str, str]
    legs: Mapping[str, Step]
    warn: Callable[[str], None]

    @classmethod
    def of(cls, graph: Graph, project: Project, mode: str, records: Path, needs: Json, warn: Callable[[str], None]) -> Keeping:
        try:
            planned = Planned.read(records) if records.is_dir() else None
        except RecordError as error:
            warn(error.message)
            planned = None
        return cls(graph, project, mode, planned, said_by_plan(needs), legs_as_steps(graph, needs), warn)

    def cached(self, attempt: int) -> list[StepRecord]:
        """The steps and legs whose jobs did not start, because an earlier run has their results."""
        found: list[StepRecord] = []
        decisions = self.planned.decisions if self.planned is not None else {}
        for step in self.graph.by_id:
            decision = decisions.get(step)
            legs = [_cached(leg, attempt) for leg in decision.legs if leg.action is Action.CACHED] if decision is not None else []
            found += legs
            if self.said.get(step) != "cached":
                continue
            if legs:
                found.append(fold_legs(self.graph[step], legs, attempt))
            elif decision is not None and decision.entry is not None:
                found.append(_cached(decision, attempt))
            else:
                found.append(StepRecord(step, State.CACHED, attempt, reason="an earlier run has its result"))
        return found

    def keep(self, record: RunRecord, environment: Mapping[str, str], folder: Path, *, now: float) -> RunRecord:
        """`record` with the keys of its steps, and why they ran; the index comes into `folder`. Without GitHub's answer there is none."""
        here = Here.of(environment)
        try:
            facts, before = self._before(here, environment, now)
            artifacts: Mapping[str, Kept] = artifacts_of_run(Api.of_job(environment), here.run)
        except OrchError as error:
            self.warn(f"the results of this run are not kept for later ones: {error.message}")
            return record
        known = Known(facts, record.info.parameters, Index(before), now, self._logical_date(record), reads_cache=self.mode != "asked")
        taken = self.planned.taken if self.planned is not None else {}
        made = Made(self.graph, here.run, {step.step: step for step in record.steps}, known, artifacts, self.legs, taken)
        entries = cumulative(before, [*made.entries(), *lost(record.steps, taken, self.graph)], used=taken.values())
        files.make_folders(folder)
        files.write_atomic(folder / INDEX_FILE, index_text(entries))
        explained = made.explained()
        return replace(record, steps=tuple(explained[step.step] for step in record.steps))

    def _before(self, here: Here, environment: Mapping[str, str], now: float) -> tuple[Mapping[str, Facts], Sequence[Entry]]:
        if self.planned is not None:
            return self.planned.facts, self.planned.entries
        facts, _ = gather_ahead(self.graph, self.project, Locks(self.graph, self.project.root, self.project.git_root))
        return facts, read_earlier(Api.of_job(environment), here, self.graph.pipeline, now=now).entries

    def _logical_date(self, record: RunRecord) -> str:
        return self.planned.logical_date if self.planned is not None else record.info.logical_date


def _cached(decision: Decision, attempt: int) -> StepRecord:
    assert decision.entry is not None
    return cached_record(decision.step, decision.entry, attempt, decision.reason, decision.key, decision.facts)


def said_by_plan(needs: Json) -> dict[str, str]:
    """The plan's word on each step, of the `needs` context."""
    try:
        said = canonical.loads(needs[PLAN_JOB]["outputs"]["plan"])
        return {str(step): str(word) for step, word in said.items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}
