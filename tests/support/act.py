"""Real runs under act, for tests: a module's compiled pipeline, job by job, with everything it said."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from support.modules import write
from support.ran import Ran

from orch.authoring.load import separate_modules
from orch.authoring.project import find_project
from orch.model.events import Event
from orch.model.parameters import parse_all
from orch.names import workflow_path
from orch.orchestrators.github.repository import compile_references
from orch.replay.act import trigger
from orch.replay.act.harness import Request, run
from orch.replay.act.wrappers import Packages

TOOLKIT: Final = Path(__file__).parents[2] / "toolkit"


def act_module(
    folder: Path,
    code: str,
    *,
    given: Mapping[str, str] | None = None,
    payload: Any = None,
    logical_date: str | None = None,
    job: str | None = None,
    packages: Packages = "current",
    environ: Mapping[str, str] | None = None,
    workflow: str | None = None,
    keep: Path | None = None,
    knows_earlier_runs: bool = True,
    attempt_of: str | None = None,
) -> Ran:
    """Run the one pipeline of `code`, written into `folder`, under act; a `workflow` written by hand takes the compiled one's place.

    Jobs that look for earlier results take longer, so none does without an `orch.yaml` in the folder that says so.
    """
    file = write(folder, code)
    if not (folder / "orch.yaml").exists():
        (folder / "orch.yaml").write_text("cache: 'off'\n")
    with separate_modules():
        (compiled,) = compile_references([str(file)], folder).pipelines
    values = parse_all(compiled.graph.parameters, given or {})
    start = (
        trigger.dispatch(compiled.graph, values, logical_date) if payload is None else trigger.of_payload(payload, values, compiled.graph)
    )
    project = find_project(file)
    home = project.git_root / ".orch" / "act"
    events: list[Event] = []
    files = dict(compiled.files) | ({} if workflow is None else {workflow_path(compiled.graph.pipeline): textwrap.dedent(workflow)})
    environment = dict(os.environ) | dict(environ or {})
    request = Request(compiled.graph, project, files, start, job, packages, keep, environment, knows_earlier_runs, attempt_of)
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
