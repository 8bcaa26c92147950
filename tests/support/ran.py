"""A run that a test made, wherever it ran, with everything it said."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

from orch.model.events import Event, StepEnded, StepOutput, StepStarted
from orch.model.records import StepRecord
from orch.model.runs import RunRecord


@dataclass
class Ran:
    record: RunRecord
    home: Path
    events: list[Event] = field(default_factory=list)

    def __getitem__(self, step: str) -> StepRecord:
        return next(record for record in self.record.steps if record.step == step)

    @property
    def repository(self) -> Path:
        """The folder in which it ran, here or under act."""
        return self.home.parent if self.home.name == ".orch" else self.home.parents[1]

    @property
    def folder(self) -> Path:
        info = self.record.info
        return self.home / "runs" / (info.run if info.attempt == 1 else f"{info.run}-a{info.attempt}")

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


def copied(ran: Ran, folder: Path) -> Ran:
    """The same run in a copy of its repository, in `folder`: for a test that changes what others still need."""
    to = shutil.copytree(ran.repository, folder / ran.repository.name, symlinks=True)
    return replace(ran, home=to / ran.home.relative_to(ran.repository))
