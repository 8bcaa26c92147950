"""The bill of a compiled pipeline: what its workflow's jobs take and cost, with the times of earlier runs where there are some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from statistics import median
from typing import Any, Final, NamedTuple

from orch.errors import LimitError, OrchError, Where
from orch.model.fan import index_of, step_of
from orch.model.graph import Graph
from orch.model.legs import items
from orch.model.matrix import jobs_for, per_job
from orch.model.runs import RunRecord
from orch.model.states import State
from orch.orchestrators.github.counts import Count, count_of
from orch.orchestrators.github.packs import packables
from orch.orchestrators.github.prices import default_seconds, machine_of
from orch.planning.cost import Basis, Bill, PlannedJob, bill
from orch.planning.packing import seconds_together
from orch.stacks.settings import FILE, Settings
from orch.workflow.model import Job

_RUNS: Final = 5  # of how many earlier runs the median counts
_OWN_SECONDS: Final = 2.0  # of a job that is not a step's: it reads and writes a few small files


class _Asked(NamedTuple):
    """What a job of a workflow asks for."""

    runs_on: Any
    needs: tuple[str, ...]


def bill_of(
    graph: Graph, jobs: Mapping[str, Job], settings: Settings, seconds: Mapping[str, float], seen: Mapping[str, int] | None = None
) -> Bill:
    """`jobs` are those of the compiled workflow; `seconds` is how long steps take, `seen` how many legs they had, as far as it is known."""
    asked = {job_id: _Asked(job.more.get("runs-on", job.runs_on), job.needs) for job_id, job in jobs.items()}
    return bill(_in_order(list(_planned(graph, asked, settings, seconds, seen or {}))))


def bill_of_data(graph: Graph, jobs: Mapping[str, Any], settings: Settings) -> Bill:
    """The bill of a workflow's jobs as they stand in a file, beside that of its graph; its steps take as long as those that never ran."""
    asked = {job_id: _Asked(job["runs-on"], _listed(job.get("needs", ()))) for job_id, job in jobs.items()}
    return bill(_in_order(list(_planned(graph, asked, settings, {}, {}))))


def _listed(needs: Any) -> tuple[str, ...]:
    return (needs,) if isinstance(needs, str) else tuple(needs)


def _planned(
    graph: Graph, jobs: Mapping[str, _Asked], settings: Settings, seconds: Mapping[str, float], seen: Mapping[str, int]
) -> Iterator[PlannedJob]:
    packs = {pack[0]: pack for pack in graph.packs}
    members = {step.id: step for step in packables(graph, settings, seconds)}
    for job_id, job in jobs.items():
        steps = packs.get(job_id, (job_id,) if job_id in graph.by_id else ())
        work = seconds_together([members[step] for step in steps]) if steps else _OWN_SECONDS
        planned = PlannedJob(job_id, machine_of(job.runs_on, settings), work, job.needs, steps)
        yield _as_matrix(planned, count_of(graph, graph[job_id], seen), seconds) if job_id in graph.mapped else planned


def _as_matrix(job: PlannedJob, count: Count, seconds: Mapping[str, float]) -> PlannedJob:
    """The jobs of a mapped step, each of which takes what one leg took."""
    took = [each for name, each in seconds.items() if index_of(name) is not None and step_of(name) == job.id]
    each = median(took) if took else default_seconds()
    return replace(job, seconds=per_job(count.items) * each, legs=jobs_for(count.items), items=count.items, basis=count.basis)


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


def last_runs(records: Iterable[RunRecord]) -> list[RunRecord]:
    """Those that count, of `records` newest first."""
    return list(islice(records, _RUNS))


def seconds_of(records: Iterable[RunRecord]) -> dict[str, float]:
    """How long each step took where it succeeded in `records`."""
    took: dict[str, list[float]] = {}
    for record in records:
        for step in record.steps:
            if step.state is State.SUCCEEDED and step.duration >= 0:
                took.setdefault(step.step, []).append(step.duration)
    return {step: median(durations) for step, durations in took.items()}


def check_cost(graph: Graph, jobs: Mapping[str, Job], settings: Settings, source: str) -> Iterator[OrchError]:
    """A finding where a run costs more than `max_cost` in orch.yaml, or nobody can say.

    Earlier runs do not count here: they differ from machine to machine, and a check must not.
    """
    if settings.max_cost is None:
        return
    total = bill_of(graph, jobs, settings, {})
    where = Where(source)
    if total.unpriced:
        labels = ", ".join(map(repr, total.unpriced))
        hint = f"say it in {FILE}, under runners: `label: {total.unpriced[0]}`, `price_per_minute: 0` for a runner of your own"
        yield LimitError(f"max_cost is set in {FILE}, and nobody knows the price of the runner {labels}", hint=hint, where=where)
    for job in total.uncounted:
        hint = "say how many there may be at most, as `@step(max_items=20)`; a run that finds more fails"
        yield LimitError(f"max_cost is set in {FILE}, and nobody knows how many items step {job.id!r} maps over", hint=hint, where=where)
    if total.is_whole and total.money > settings.max_cost:
        hint = f"see where it goes with `orch plan {source}`; raise max_cost in {FILE}, or make fewer jobs of it"
        costs = f"costs about ${total.money:.3f}{_reckoned(total)}"
        yield LimitError(
            f"a run of {graph.pipeline!r} {costs}, more than the max_cost of ${settings.max_cost:.3f} in {FILE}", hint=hint, where=where
        )


def _reckoned(total: Bill) -> str:
    """Of which counts that may be less."""
    found = [f"{items(job.items)} of {job.id!r}" for job in total.jobs if job.basis in (Basis.BOUND, Basis.DEFAULT)]
    return f" with {', '.join(found)}" if found else ""
