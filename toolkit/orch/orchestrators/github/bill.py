"""The bill of a compiled pipeline: what its workflow's jobs take and cost, with the times of earlier runs where there are some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from math import prod
from statistics import median
from typing import Any, Final

from orch.errors import LimitError, OrchError, Where
from orch.model.fan import index_of, step_of
from orch.model.graph import Graph
from orch.model.matrix import fixed, jobs_for, per_job
from orch.model.runs import RunRecord
from orch.model.states import State
from orch.orchestrators.github.packs import packables
from orch.orchestrators.github.prices import default_seconds, machine_of
from orch.planning.cost import Bill, PlannedJob, bill
from orch.planning.packing import seconds_together
from orch.stacks.settings import FILE, Settings
from orch.workflow.model import Job

_RUNS: Final = 5  # of how many earlier runs the median counts
_OWN_SECONDS: Final = 2.0  # of a job that is not a step's: it reads and writes a few small files


def bill_of(graph: Graph, jobs: Mapping[str, Job], settings: Settings, seconds: Mapping[str, float]) -> Bill:
    """`jobs` are those of the compiled workflow; `seconds` is how long steps take, as far as it is known."""
    return bill(_in_order(list(_planned(graph, jobs, settings, seconds))))


def bill_of_data(jobs: Mapping[str, Any], settings: Settings) -> Bill:
    """The bill of a workflow's jobs as they stand in a file; each with work takes as long as a step that never ran."""
    planned = []
    for job_id, job in jobs.items():
        needs = job.get("needs", ())
        work = _OWN_SECONDS if "-" in job_id else default_seconds()  # no id of a step has one
        runner = machine_of(str(job.get("runs-on")), settings)
        written = [len(each) for each in job.get("strategy", {}).get("matrix", {}).values() if isinstance(each, list)]
        before = (needs,) if isinstance(needs, str) else tuple(needs)
        planned.append(PlannedJob(job_id, runner, work, before, legs=prod(written)))
    return bill(_in_order(planned))


def _planned(graph: Graph, jobs: Mapping[str, Job], settings: Settings, seconds: Mapping[str, float]) -> Iterator[PlannedJob]:
    packs = {pack[0]: pack for pack in graph.packs}
    members = {step.id: step for step in packables(graph, settings, seconds)}
    for job_id, job in jobs.items():
        steps = packs.get(job_id, (job_id,) if job_id in graph.by_id else ())
        work, legs = seconds_together([members[step] for step in steps]) if steps else _OWN_SECONDS, 1
        if job_id in graph.mapped:
            work, legs = _of_matrix(graph, job_id, seconds)
        yield PlannedJob(job_id, machine_of(job.runs_on, settings), work, job.needs, steps, legs)


def _of_matrix(graph: Graph, step: str, seconds: Mapping[str, float]) -> tuple[float, int]:
    """What one job of a mapped step takes, and how many there are: as the graph says, else as in earlier runs, else one."""
    took = {index: each for name, each in seconds.items() if (index := index_of(name)) is not None and step_of(name) == step}
    known = fixed(graph.by_id, graph[step])
    count = known["items"] if known else max(took, default=0) + 1
    return per_job(count) * (median(took.values()) if took else default_seconds()), jobs_for(count)


def _in_order(jobs: list[PlannedJob]) -> Iterator[PlannedJob]:
    """Each after its needs, otherwise as they are; a workflow has no circles."""
    waiting = {job.id: job for job in jobs}
    placed: set[str] = set()
    stack = [job.id for job in reversed(jobs)]
    while stack:
        name = stack[-1]
        missing = [need for need in waiting[name].needs if need not in placed]
        if len(stack) > len(waiting) ** 2 + len(waiting):
            raise ValueError("jobs that wait for each other")
        if missing and name not in placed:
            stack.extend(missing)
            continue
        stack.pop()
        if name not in placed:
            placed.add(name)
            yield waiting[name]


def seconds_of(records: Iterable[RunRecord]) -> dict[str, float]:
    """How long each step took, by its last successful runs; `records` newest first."""
    took: dict[str, list[float]] = {}
    for record in islice(records, _RUNS):
        for step in record.steps:
            if step.state is State.SUCCEEDED and step.duration >= 0:
                took.setdefault(step.step, []).append(step.duration)
    return {step: median(durations) for step, durations in took.items()}


def check_cost(graph: Graph, jobs: Mapping[str, Job], settings: Settings, source: str) -> Iterator[OrchError]:
    """A finding where a run costs more than `max_cost` in orch.yaml, or nobody can say.

    The times of earlier runs do not count here: they differ from machine to machine, and a check must not.
    """
    if settings.max_cost is None:
        return
    total = bill_of(graph, jobs, settings, {})
    where = Where(source)
    if total.unpriced:
        labels = ", ".join(map(repr, total.unpriced))
        hint = f"say it in {FILE}, under runners: `label: {total.unpriced[0]}`, `price_per_minute: 0` for a runner of your own"
        yield LimitError(f"max_cost is set in {FILE}, and nobody knows the price of the runner {labels}", hint=hint, where=where)
    elif total.money > settings.max_cost:
        hint = f"see where it goes with `orch plan {source}`; raise max_cost in {FILE}, or make fewer jobs of it"
        message = (
            f"a run of {graph.pipeline!r} costs about ${total.money:.3f}, more than the max_cost of ${settings.max_cost:.3f} in {FILE}"
        )
        yield LimitError(message, hint=hint, where=where)
