"""The job before all others that decides what this run has to do, in pipelines that need one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from orch.model import dates
from orch.model.graph import Graph
from orch.model.steps import Step
from orch.orchestrators.github.inputs import handed_over
from orch.stacks.settings import Cache, Settings
from orch.workflow.expressions import Context, interpolate
from orch.workflow.model import ActionRef, Job, Permission, Uses

PLAN_MINUTES: Final = 10
# Outputs of the job: small JSON, or text; references and never data.
OUTPUTS: Final = ("plan", "flags", "legs", "sources", "logical-date")
# A plan job costs a minute of the cheapest runner and its start; from so many steps on, those that it keeps from starting are worth more.
_FEW: Final = 4


def plan_reasons(graph: Graph, settings: Settings) -> list[str]:
    """Why `graph` needs a plan job; empty where it needs none."""
    return list(_reasons(graph, settings))


def _reasons(graph: Graph, settings: Settings) -> Iterator[str]:
    if dates.has_schedule(graph.triggers):
        yield "all jobs of a pipeline with a schedule are for one moment"
    if settings.cache == "plan":
        yield "orch.yaml says `cache: plan`"
    elif settings.cache == "auto" and len(cacheable(graph)) > _FEW:
        yield f"{len(cacheable(graph))} steps may be cached"


def cache_mode(graph: Graph, settings: Settings) -> Cache:
    """Who looks for earlier results: `plan`, `job` or `off`."""
    if settings.cache != "auto":
        return settings.cache
    if not cacheable(graph):
        return "off"
    return "plan" if plan_reasons(graph, settings) else "job"


def cacheable(graph: Graph) -> list[Step]:
    """The steps whose results may be used again."""
    return [step for step in graph.steps if step.settings.cache is not False and (step.settings.cache or step.outputs)]


def plan_job(graph: Graph, settings: Settings, checkout: Uses, action: ActionRef) -> Job:
    inputs = {"pipeline": graph.pipeline} | handed_over(graph)
    mode = cache_mode(graph, settings)
    if mode != "plan":
        inputs["cache"] = "off"
    return Job(
        name=f"{graph.pipeline} / plan",
        permissions=(Permission("contents"), Permission("actions", reason="to find results of earlier runs")),
        runs_on=settings.result_runner,
        steps=(checkout, Uses(action.within("actions/plan"), inputs, name="Plan", id="plan")),
        outputs={name: interpolate(Context(("steps", "plan", "outputs", name))) for name in OUTPUTS},
        timeout_minutes=PLAN_MINUTES,
    )
