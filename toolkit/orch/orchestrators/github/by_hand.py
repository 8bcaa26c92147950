"""What `github=` of a step or pipeline adds to its job or workflow: what orch says stays, and what people say beside it goes in.

In order: orch's own keys; then those of `github=`, which take the place of none of them but `runs-on`. Permissions and variables join, the
wider permission counts; job steps stand after the checkout (`before`) and after ours (`after`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final, Literal

from orch.errors import OrchError, PipelineError
from orch.model.canonical import Json
from orch.model.graph import Graph
from orch.model.steps import Step
from orch.workflow.by_hand import job_faults, job_steps, secrets_in, workflow_faults
from orch.workflow.model import Job, Permission
from orch.workflow.shapes import Fault

# Keys that go into the text as they are.
_AS_WRITTEN: Final = ("runs-on", "environment", "concurrency", "defaults", "container", "services")


def with_by_hand(job: Job, step: Step) -> Job:
    """`step` has passed `check_by_hand`."""
    data = step.settings.github
    if not data:
        return job
    checkout, *own = job.steps
    return replace(
        job,
        permissions=(*job.permissions, *(_permission(area, access) for area, access in data.get("permissions", {}).items())),
        environment={**data.get("env", {}), **job.environment},
        steps=(checkout, *job_steps(data, "before"), *own, *job_steps(data, "after")),
        more={key: data[key] for key in _AS_WRITTEN if key in data},
    )


def _permission(area: str, access: Literal["read", "write"]) -> Permission:
    return Permission(area, access, "the pipeline asks for it")


def secrets_by_hand(graph: Graph) -> frozenset[str]:
    """Names of the secrets that job steps written by hand read: a called workflow gets them from its caller."""
    return frozenset().union(secrets_in(graph.github), *(secrets_in(step.settings.github) for step in graph.steps))


# --- what nobody may write ---


def check_by_hand(graph: Graph) -> Iterator[OrchError]:
    found = [*workflow_faults(graph.github)] or [*_taken(graph.github)]
    yield from (_told(fault, f"pipeline {graph.pipeline!r}") for fault in found)
    for step in graph.steps:
        found = list(job_faults(step.settings.github)) or list(_clashes(step))
        yield from (_told(fault, f"step {step.id!r}") for fault in found)


def _told(fault: Fault, who: str) -> PipelineError:
    return PipelineError(f"github{fault.path} of {who} {fault.what}", hint=fault.hint)


def _clashes(step: Step) -> Iterator[Fault]:
    """With what the step says elsewhere."""
    settings, data = step.settings, step.settings.github
    for name in data.get("env", {}):
        if name in dict(settings.environment) or name in settings.secrets:
            yield Fault(f"['env'][{name!r}]", "is the step's own in environment= or secrets=, too", "write it once")
    yield from _taken(data)
    for key, option in (("runs-on", "resources"), ("environment", "deploys_to")):
        if key in data and (getattr(settings, option) or (key == "environment" and settings.deploys_by)):
            yield Fault(f"[{key!r}]", f"stands beside {option}=, which says the same in another way", "write one of them")
    ids = ["run", *(item["id"] for key in ("before", "after") for item in data.get(key, ()) if "id" in item)]
    for name in sorted({name for name in ids if ids.count(name) > 1}):
        yield Fault("", f"has two job steps with the id {name!r}", "'run' is the one of ours" if name == "run" else "rename one")


def _taken(data: Mapping[str, Json]) -> Iterator[Fault]:
    for name in data.get("env", {}):
        if name.upper().startswith(("GITHUB_", "RUNNER_", "ORCH_")):
            yield Fault(f"['env'][{name!r}]", "is a variable that the runner or orch sets", "give it another name")
