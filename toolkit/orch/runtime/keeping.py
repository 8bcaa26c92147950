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
from orch.model.graph import Graph
from orch.model.index import Entry, Index, Kept
from orch.model.records import StepRecord
from orch.model.runs import RunRecord
from orch.model.states import State
from orch.names import PLAN_JOB
from orch.planning.decide import Known
from orch.planning.facts import gather_ahead
from orch.planning.locked import Locks
from orch.runtime.api import Api
from orch.runtime.earlier import INDEX_FILE, read_earlier
from orch.runtime.here import Here
from orch.runtime.kept import Made, artifacts_of_run, cached_record, cumulative, lost
from orch.runtime.planned import Planned, index_text


@dataclass(frozen=True, slots=True)
class Keeping:
    """`mode` is `plan` or `job`; `said` is what the plan job said of each step."""

    graph: Graph
    project: Project
    mode: str
    planned: Planned | None
    said: Mapping[str, str]
    warn: Callable[[str], None]

    @classmethod
    def of(cls, graph: Graph, project: Project, mode: str, records: Path, needs: Json, warn: Callable[[str], None]) -> Keeping:
        try:
            planned = Planned.read(records) if records.is_dir() else None
        except RecordError as error:
            warn(error.message)
            planned = None
        return cls(graph, project, mode, planned, said_by_plan(needs), warn)

    def cached(self, attempt: int) -> list[StepRecord]:
        """The steps whose jobs did not start, because an earlier run has their results."""
        found: list[StepRecord] = []
        decisions = self.planned.decisions if self.planned is not None else {}
        for step in self.graph.by_id:
            if self.said.get(step) != "cached":
                continue
            decision = decisions.get(step)
            if decision is not None and decision.entry is not None:
                found.append(cached_record(step, decision.entry, attempt, decision.reason, decision.key, decision.facts))
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
        known = Known(facts, record.info.parameters, Index(before), now, self._logical_date(record))
        made = Made(self.graph, here.run, {step.step: step for step in record.steps}, known, artifacts)
        cached = self.planned.cached if self.planned is not None else {}
        entries = cumulative(before, [*made.entries(), *lost(record.steps, cached, self.graph)])
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


def said_by_plan(needs: Json) -> dict[str, str]:
    """The plan's word on each step, of the `needs` context."""
    try:
        said = canonical.loads(needs[PLAN_JOB]["outputs"]["plan"])
        return {str(step): str(word) for step, word in said.items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}
