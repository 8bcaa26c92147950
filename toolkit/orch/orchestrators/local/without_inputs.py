"""A pack whose job lacks what others should have delivered: its steps end as each would in a job of its own, hooks and all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from orch import files
from orch.authoring.project import Project
from orch.errors import OrchError
from orch.model import canonical
from orch.model.graph import Step, topological
from orch.model.records import StepRecord
from orch.model.states import State
from orch.orchestrators.local.parts import Part
from orch.runtime.step_run import Job


class WithoutInputs:
    """`refused`: a producer outside of the pack -> what is wrong with what it delivered."""

    def __init__(
        self,
        part: Part,
        project: Project,
        refused: Mapping[str, OrchError],
        records: Path,
        environment: Mapping[str, str],
        stdout: TextIO,
        *,
        pickles: str,
    ) -> None:
        self.part = part
        self.project = project
        self.refused = refused
        self.records = records
        self.environment = environment
        self.stdout = stdout
        self.pickles = pickles

    def run(self) -> list[StepRecord]:
        """The records, which are written. Who reads what is missing fails, and the rest is skipped."""
        ended: dict[str, StepRecord] = {}
        for step in topological(self.part.graph):
            if step.id in self.part.steps:
                error = next((self.refused[producer] for producer in step.producers if producer in self.refused), None)
                ended[step.id] = self._fail(step, error) if error else self._skip(step, ended)
        return list(ended.values())

    def _fail(self, step: Step, error: OrchError) -> StepRecord:
        graph, folder = self.part.graph.to_json(), self.records / step.id
        no_date = ("", "UTC")  # it never runs
        job = Job(graph, step, self.project, folder, folder, self.environment, self.stdout, pickles=self.pickles, logical_date=no_date)
        return job.run(folder, error)

    def _skip(self, step: Step, ended: Mapping[str, StepRecord]) -> StepRecord:
        blocker = next((need for need in step.needs if need in ended), "")
        told = f"{blocker} {ended[blocker].state}" if blocker else "another step of its job lacks an input"
        attempt = int(self.environment.get("GITHUB_RUN_ATTEMPT") or 1)
        record = StepRecord(step.id, State.SKIPPED, attempt, reason=told)
        write_record(record, self.records)
        return record


def write_record(record: StepRecord, records: Path) -> bytes:
    """With a log, which may be empty; gives what was written."""
    text = canonical.pretty(record.to_json()).encode()
    files.make_folders(records / record.step)
    files.open_log(records / record.step / "log.txt").close()
    files.write_atomic(records / record.step / "record.json", text)
    return text
