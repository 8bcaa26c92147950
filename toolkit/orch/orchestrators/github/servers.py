"""What changes where a repository is not on github.com, or its actions come from mirrors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from orch.errors import LimitError, OrchError, PipelineError, UnsupportedError, Where
from orch.model.graph import Graph
from orch.model.triggers import Schedule
from orch.orchestrators.github.inputs import inputs_of
from orch.stacks.server import is_enterprise_server, mirrored
from orch.stacks.settings import FILE, Settings
from orch.workflow.limits import INPUTS
from orch.workflow.model import ActionRef, Job, Uses, Workflow

_ENTERPRISE_INPUTS: Final = 10  # github.com takes 25 since December 2025


def with_mirrors(workflow: Workflow, mirrors: Mapping[str, str]) -> Workflow:
    """Every `uses:` of what has a mirror, at the commit that it had: a mirror holds the same ones. A folder has no commit of its own."""
    if not mirrors:
        return workflow
    return replace(workflow, jobs={name: _with_mirrors(job, mirrors) for name, job in workflow.jobs.items()})


def _with_mirrors(job: Job, mirrors: Mapping[str, str]) -> Job:
    steps = (replace(step, action=_mirror(step.action, mirrors)) if isinstance(step, Uses) else step for step in job.steps)
    return replace(job, steps=tuple(steps))


def _mirror(action: ActionRef, mirrors: Mapping[str, str]) -> ActionRef:
    name = action.name if action.name.startswith("./") else mirrored(action.name, dict(mirrors))
    if name == action.name:
        return action
    return ActionRef(name) if name.startswith("./") else replace(action, name=name)


def most_inputs(settings: Settings) -> int:
    return _ENTERPRISE_INPUTS if is_enterprise_server(settings.server) else INPUTS


def check_server(graph: Graph, settings: Settings) -> Iterator[OrchError]:
    """What a GitHub Enterprise Server does not do."""
    server = settings.server
    if not is_enterprise_server(server):
        return
    if not any(stack.orchestrator == "github" and stack.store_url for stack in settings.stacks.values()):
        hint = f"give a stack with `orchestrator: github` an `artifact_store` in {FILE}, as s3://bucket/path"
        told = f"{server} is a GitHub Enterprise Server, which does not have the artifact service that passes values from job to job"
        yield UnsupportedError(told, hint=hint, where=Where(FILE))
    for trigger in graph.triggers:
        if isinstance(trigger, Schedule) and trigger.timezone != "UTC":
            told = f"pipeline {graph.pipeline!r} has a schedule in {trigger.timezone!r}, and {server} reads all in UTC"
            yield PipelineError(told, hint="write it in UTC")
    if (count := len(inputs_of(graph))) > most_inputs(settings):
        told = f"pipeline {graph.pipeline!r} has {count} inputs, {server} takes {_ENTERPRISE_INPUTS}"
        yield LimitError(told, hint="group parameters in one of type dict, which is typed as JSON")
