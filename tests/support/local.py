"""Real runs on this machine, for tests: a module's pipeline through the local scheduler, with everything it said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.modules import write

from orch.authoring.load import load_graph, separate_modules
from orch.authoring.project import find_project
from orch.model.events import Event, StepEnded, StepOutput, StepStarted
from orch.model.parameters import resolve
from orch.model.records import RunRecord, StepRecord
from orch.orchestrators.local import run


@dataclass
class Ran:
    record: RunRecord
    folder: Path
    events: list[Event] = field(default_factory=list)

    def __getitem__(self, step: str) -> StepRecord:
        return next(record for record in self.record.steps if record.step == step)

    @property
    def states(self) -> dict[str, str]:
        return {step.step: str(step.state) for step in self.record.steps}

    def output(self, step: str) -> str:
        return "".join(event.text for event in self.events if isinstance(event, StepOutput) and event.step == step)

    def preview(self, step: str, output: str = "output") -> str:
        return self[step].outputs[output].preview

    @property
    def order(self) -> list[str]:
        """`+step` for a start and `-step` for an end, as they happened."""
        return [
            f"+{event.step}" if isinstance(event, StepStarted) else f"-{event.record.step}"
            for event in self.events
            if isinstance(event, (StepStarted, StepEnded))
        ]


def run_module(
    folder: Path,
    code: str,
    *,
    jobs: int = 1,
    environment: Mapping[str, str] | None = None,
    parameters: Mapping[str, object] | None = None,
    watch: Callable[[Event], object] | None = None,
    trigger: str = "manual",
) -> Ran:
    """Run the one pipeline of `code`, written into `folder`; `watch` sees each event when it happens."""
    file = write(folder, code)
    with separate_modules():
        graph = load_graph(str(file))
    events: list[Event] = []

    def sink(event: Event) -> None:
        events.append(event)
        if watch:
            watch(event)

    home = folder / ".orch"
    record = run(
        graph,
        find_project(file),
        resolve(graph.parameters, parameters or {}),
        jobs=jobs,
        home=home,
        sink=sink,
        environment=environment,
        trigger=trigger,
    )
    return Ran(record, home / "runs" / record.info.run, events)
