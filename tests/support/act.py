"""Real runs under act, for tests: a module's compiled pipeline, job by job, with everything it said."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from support.modules import write

from orch.authoring.load import separate_modules
from orch.authoring.project import find_project
from orch.model.events import Event, StepEnded, StepOutput, StepStarted
from orch.model.parameters import parse_all
from orch.model.records import RunRecord, StepRecord
from orch.names import workflow_path
from orch.orchestrators.github.repository import compile_references
from orch.replay.act import trigger
from orch.replay.act.harness import Request, run
from orch.replay.act.wrappers import Packages

TOOLKIT: Final = Path(__file__).parents[2] / "toolkit"


@dataclass
class Ran:
    record: RunRecord
    home: Path
    events: list[Event] = field(default_factory=list)

    def __getitem__(self, step: str) -> StepRecord:
        return next(record for record in self.record.steps if record.step == step)

    @property
    def folder(self) -> Path:
        return self.home / "runs" / self.record.info.run

    @property
    def states(self) -> dict[str, str]:
        return {step.step: str(step.state) for step in self.record.steps}

    def output(self, step: str) -> str:
        return "".join(event.text for event in self.events if isinstance(event, StepOutput) and event.step == step)

    @property
    def order(self) -> list[str]:
        """`+step` for a start and `-step` for an end, as they happened."""
        return [
            f"+{event.step}" if isinstance(event, StepStarted) else f"-{event.record.step}"
            for event in self.events
            if isinstance(event, (StepStarted, StepEnded))
        ]


def act_module(
    folder: Path,
    code: str,
    *,
    given: Mapping[str, str] | None = None,
    payload: Any = None,
    job: str | None = None,
    packages: Packages = "current",
    environ: Mapping[str, str] | None = None,
    workflow: str | None = None,
    keep: Path | None = None,
) -> Ran:
    """Run the one pipeline of `code`, written into `folder`, under act; a `workflow` written by hand takes the compiled one's place."""
    file = write(folder, code)
    with separate_modules():
        (compiled,) = compile_references([str(file)], folder).pipelines
    values = parse_all(compiled.graph.parameters, given or {})
    start = trigger.dispatch(compiled.graph, values) if payload is None else trigger.of_payload(payload, values, compiled.graph)
    project = find_project(file)
    home = project.git_root / ".orch" / "act"
    events: list[Event] = []
    files = dict(compiled.files) | ({} if workflow is None else {workflow_path(compiled.graph.pipeline): textwrap.dedent(workflow)})
    environment = dict(os.environ) | dict(environ or {})
    request = Request(compiled.graph, project, files, start, job, packages, keep, environment)
    return Ran(run(request, events.append, home=home), home, events)


def orch(folder: Path, arguments: Sequence[str], *, environ: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """`orch` as a person starts it in `folder`."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "orch", *arguments],
        cwd=folder,
        env=dict(os.environ) | {"PYTHONPATH": str(TOOLKIT)} | dict(environ or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
