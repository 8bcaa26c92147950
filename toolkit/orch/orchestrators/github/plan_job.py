"""The job before all others that decides what this run has to do, in pipelines that need one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from orch.model import canonical, dates
from orch.model.flags import PARAMETERS, leaves_of
from orch.model.graph import Graph
from orch.model.matrix import fixed
from orch.model.steps import Step
from orch.model.triggers import FILTERED
from orch.names import PLAN_JOB
from orch.orchestrators.github.conditions import decision_of
from orch.orchestrators.github.inputs import handed_over
from orch.orchestrators.github.no_cache import unless_asked
from orch.orchestrators.github.runners import runner_for
from orch.planning.decide import never_cached
from orch.stacks.settings import Cache, Settings
from orch.workflow.expressions import Context, interpolate
from orch.workflow.limits import EXPRESSION_CHARACTERS
from orch.workflow.model import ActionRef, Job, Permission, Uses

PLAN_MINUTES: Final = 10
# A plan job costs each run a minute of the cheapest runner, and its start before all others; a job that looks for itself and finds its
# result costs a minute of its own, and its start. Of so few steps the plan would hardly ever spare more than it takes.
_FEW: Final = 5
# What a plan says to each job takes room in the workflow's file: with more steps it would be longer than GitHub takes. So many jobs
# cannot look for themselves either, with four requests each: GitHub takes a thousand an hour.
_MANY: Final = 500
# Characters that each need takes in the condition of a job, besides its name twice; and those of the rest.
_NEED: Final = 82
_REST: Final = 1_000
# Bytes that each step takes in what the result job is told of all jobs, besides its name three times: a variable, of which Linux
# takes 128 KB. https://man7.org/linux/man-pages/man2/execve.2.html#NOTES
_TOLD: Final = 100
_VARIABLE: Final = 128 << 10


def plan_reasons(graph: Graph, settings: Settings) -> list[str]:
    """Why `graph` needs a plan job; empty where it needs none."""
    return list(_reasons(graph, settings))


def _reasons(graph: Graph, settings: Settings) -> Iterator[str]:
    if dates.has_schedule(graph.triggers):
        yield "all jobs of a pipeline with a schedule are for one moment"
    if _has_paths(graph):
        yield "only a change of some paths needs the steps"
    if PARAMETERS in leaves_of(graph.steps):
        yield "a condition is on a parameter"
    if graph.choosers:
        yield "a parameter chooses an environment"
    if settings.cache == "plan":
        yield "orch.yaml says `cache: plan`"
    elif settings.cache == "auto" and _cacheable_jobs(graph) > _FEW and _has_room(graph):
        yield f"{len(cacheable(graph))} steps may be cached"


def _has_paths(graph: Graph) -> bool:
    return any(isinstance(trigger, FILTERED) and trigger.paths for trigger in graph.triggers)


def cache_mode(graph: Graph, settings: Settings) -> Cache:
    """Who looks for earlier results: `plan`, `job` or `off`."""
    if settings.cache != "auto":
        return settings.cache
    if cacheable(graph) and _has_room(graph) and plan_reasons(graph, settings):
        return "plan"
    return "job" if 0 < _cacheable_jobs(graph) <= _FEW else "off"


def _has_room(graph: Graph) -> bool:
    """Whether what a plan says fits into the workflow of `graph`."""
    longest = max((sum(2 * len(need) + _NEED for need in step.needs) for step in graph.steps), default=0)
    told = sum(3 * len(step.id) + _TOLD for step in graph.steps)
    return len(graph.steps) <= _MANY and longest + _REST <= EXPRESSION_CHARACTERS and told + _REST <= _VARIABLE


def cacheable(graph: Graph) -> list[Step]:
    """The steps whose results may be used again."""
    return list(filter(is_cacheable, graph.steps))


def _cacheable_jobs(graph: Graph) -> int:
    """How many jobs these have; a mapped step has more than a few, where only the run knows."""
    dealt = (fixed(graph.by_id, step) if step.fan else {"items": 1} for step in cacheable(graph))
    return sum(_FEW + 1 if each is None else int(each["items"]) for each in dealt)


def is_cacheable(step: Step) -> bool:
    return never_cached(step) is None


def looks_itself(graph: Graph, step: Step, settings: Settings) -> bool:
    """Whether the job of `step` may look for an earlier result, for which it asks GitHub."""
    return cache_mode(graph, settings) != "off" and is_cacheable(step)


def narrowed_steps(graph: Graph, settings: Settings) -> list[str]:
    """The mapped steps of which the plan may say that some legs need not run."""
    return [step.id for step in cacheable(graph) if step.fan] if cache_mode(graph, settings) == "plan" else []


def decision_inputs(graph: Graph, step: Step, settings: Settings) -> dict[str, str]:
    """What our action is told of earlier results in the job of `step`."""
    mode = cache_mode(graph, settings)
    inputs: dict[str, str] = {}
    if looks_itself(graph, step, settings):
        inputs["decision"] = interpolate(decision_of(step.id)) if mode == "plan" else unless_asked(graph, settings, "run", "look")
    if mode == "plan" and step.producers:
        inputs["sources"] = interpolate(Context(("needs", PLAN_JOB, "outputs", "sources")))
    return inputs


def _labels(graph: Graph, settings: Settings) -> str:
    """The runners of the steps: a job's Python and system are told from its label before it starts."""
    labels = {step.id: runner.label for step in graph.steps if (runner := runner_for(step, settings.all_runners))}
    common = max(labels.values(), key=list(labels.values()).count, default="")
    others = {step: label for step, label in labels.items() if label != common}
    return canonical.dumps({"": common, **others}) if others else common


def outputs_of(graph: Graph, settings: Settings) -> tuple[str, ...]:
    """Those of the plan job that another one reads: small JSON, or text; references and never data."""
    read = {
        "plan": True,
        "flags": bool(leaves_of(graph.steps)),
        "legs": bool(graph.mapped),
        "sources": cache_mode(graph, settings) == "plan",
        "logical-date": dates.has_schedule(graph.triggers),
        "reason": _has_paths(graph),
        "environments": bool(graph.choosers),
    }
    return tuple(name for name, is_read in read.items() if is_read)


def plan_job(graph: Graph, settings: Settings, checkout: Uses, action: ActionRef) -> Job:
    inputs = {"pipeline": graph.pipeline} | handed_over(graph)
    if cache_mode(graph, settings) == "plan":
        inputs |= {"cache": said} if (said := unless_asked(graph, settings, "off", "plan")) != "plan" else {}
        inputs["runners"] = _labels(graph, settings)
        inputs |= {"pickle": settings.pickle} if settings.pickle != "allow" else {}
    else:
        inputs["cache"] = "off"
    return Job(
        name=f"{graph.pipeline} / plan",
        permissions=(Permission("contents"), Permission("actions", reason="to find results of earlier runs")),
        runs_on=settings.result_runner,
        steps=(checkout, Uses(action.within("actions/plan"), inputs, name="Plan", id="plan")),
        outputs={name: interpolate(Context(("steps", "plan", "outputs", name))) for name in outputs_of(graph, settings)},
        timeout_minutes=PLAN_MINUTES,
    )
