"""Which steps of a pipeline share a job of its workflow: those that name one pack, and those that `--pack auto` has put together.

What `auto` chose stands in the committed graph, and is used until somebody asks again: it rests on how long steps took on one
machine, and what is compiled must be the same on all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from orch.errors import OrchError, PipelineError, raise_problems
from orch.model.bindings import OutputRef, Sequence, rewritten
from orch.model.graph import Graph, topological
from orch.model.settings import StepSettings
from orch.model.steps import Output, Step
from orch.orchestrators.github.durations import DEFAULT_MINUTES, HOSTED_MINUTES, MARGIN_MINUTES, longest_seconds
from orch.orchestrators.github.prices import default_seconds, machine_of
from orch.orchestrators.github.runners import runner_for
from orch.planning.packing import Pack, Packable, pack_steps, problems_of
from orch.stacks.settings import Settings

# What one step of a pack may have otherwise than its neighbours: the rest is of the job.
_OWN: Final = frozenset(
    {"resources", "retry", "timeout", "environment", "cache", "cache_expires_after", "files", "on_failure", "on_success", "pack"}
)
_SHARED: Final = tuple(name for name in StepSettings._fields if name not in _OWN)


def with_packs(graph: Graph, settings: Settings, recorded: Iterable[Pack] = ()) -> Graph:
    """`graph` with the packs that its steps name, and those `recorded`; raises PipelineErrors for what cannot be one job."""
    named = _named(graph)
    taken = {step for pack in named.values() for step in pack}
    order = {step.id: number for number, step in enumerate(topological(graph))}
    others = [pack for pack in recorded if taken.isdisjoint(pack)]
    packs = [tuple(sorted(pack, key=order.__getitem__)) for pack in (*named.values(), *others) if set(pack) <= order.keys()]
    if gone := [pack for pack in others if not set(pack) <= order.keys()]:
        raise PipelineError(f"the pack {list(gone[0])!r} has a step that there is not any more", hint=_anew(graph))
    steps = packables(graph, settings)
    problems: list[OrchError] = []
    for pack in packs:
        hint = f"give them different names of packs, or let {_anew(graph)} choose" if taken.issuperset(pack) else _anew(graph)
        problems += [PipelineError(f"the pack {list(pack)!r} cannot be one job: {why}", hint=hint) for why in problems_of(pack, steps)]
    raise_problems(problems)
    return replace(graph, packs=tuple(sorted(packs, key=lambda pack: order[pack[0]])))


def chosen_packs(graph: Graph, settings: Settings, seconds: Mapping[str, float]) -> tuple[Pack, ...]:
    """The packs of `--pack auto` among the steps that name none; `seconds` is how long steps take, as far as it is known."""
    free = {step.id for step in graph.steps if step.settings.pack is None}
    steps = [step if step.id in free else replace(step, kind=None) for step in packables(graph, settings, seconds)]
    return pack_steps(steps, limit=60.0 * (HOSTED_MINUTES - DEFAULT_MINUTES - MARGIN_MINUTES))


def _named(graph: Graph) -> dict[str, tuple[str, ...]]:
    """The steps by the packs that they name; one alone is no pack."""
    found: dict[str, list[str]] = {}
    for step in graph.steps:
        if step.settings.pack is not None:
            found.setdefault(step.settings.pack, []).append(step.id)
    return {name: tuple(steps) for name, steps in found.items() if len(steps) > 1}


def _anew(graph: Graph) -> str:
    return f"`orch compile --pack auto {graph.source.rpartition(':')[0]}`"


def packables(graph: Graph, settings: Settings, seconds: Mapping[str, float] | None = None) -> list[Packable]:
    """The steps as packing sees them, each after its needs."""
    alone = _alone(graph)
    found = []
    for step in topological(graph):
        runner = runner_for(step, settings.all_runners)
        label = runner.label if runner else ""
        shared = tuple(repr(getattr(step.settings, name)) for name in _SHARED)
        took = (seconds or {}).get(step.id, default_seconds())
        kind = None if step.id in alone or runner is None else (label, *shared)
        found.append(Packable(step.id, step.needs, kind, machine_of(label, settings), took, longest_seconds(step) or took))
    return found


def _alone(graph: Graph) -> frozenset[str]:
    """Steps whose jobs GitHub has to know one by one: mapped ones, those that a condition may skip, and what these two ask."""
    asked: set[str] = set()
    optional: set[str] = set()
    for step in topological(graph):
        if step.when or not optional.isdisjoint(step.needs):
            optional.add(step.id)
        if step.fan or step.choices or not graph.mapped.isdisjoint(step.producers):
            asked.add(step.id)
        asked.update(step.asked, step.choices, step.producers if step.fan else ())
    return frozenset(asked | optional)


# --- the graph of jobs ---


def graph_of_jobs(graph: Graph) -> Graph:
    """`graph` with each pack as one step, which reads, waits for and makes what its members do together; for the compiler alone."""
    if not graph.packs:
        return graph
    renamed = {
        OutputRef(step, output.name): OutputRef(pack[0], f"m{member}_{number}")
        for pack in graph.packs
        for member, step in enumerate(pack)
        for number, output in enumerate(graph[step].outputs)
    }
    packs = {pack[0]: [graph[step] for step in pack] for pack in graph.packs}
    jobs = (
        _packed(packs[step.id], renamed, graph) if step.id in packs else _reading(step, renamed, graph)
        for step in graph.steps
        if graph.job_of[step.id] == step.id
    )
    notices = (replace(each, steps=tuple(dict.fromkeys(graph.job_of[name] for name in each.steps))) for each in graph.notices)
    return replace(graph, packs=(), steps=tuple(jobs), notices=tuple(notices))


def _reading(step: Step, renamed: Mapping[OutputRef, OutputRef], graph: Graph) -> Step:
    inputs = tuple((name, rewritten(binding, lambda ref: renamed.get(ref, ref))) for name, binding in step.inputs)
    return replace(step, inputs=inputs, after=tuple(dict.fromkeys(graph.job_of[name] for name in step.after)))


def _packed(members: list[Step], renamed: Mapping[OutputRef, OutputRef], graph: Graph) -> Step:
    own = {step.id for step in members}
    references = dict.fromkeys(ref for step in members for ref in step.references if not (isinstance(ref, OutputRef) and ref.step in own))
    read = tuple(renamed.get(ref, ref) if isinstance(ref, OutputRef) else ref for ref in references)
    return Step(
        members[0].id,
        members[0].source,
        inputs=(("read", Sequence("list", read)),) if read else (),
        outputs=tuple(Output(renamed[OutputRef(step.id, output.name)].output) for step in members for output in step.outputs),
        after=tuple(dict.fromkeys(graph.job_of[name] for step in members for name in step.after if name not in own)),
        settings=members[0].settings._replace(retry=None, timeout=_timeout(members)),
    )


def _timeout(members: list[Step]) -> float | None:
    """The longest times of all together, and once what a job may take whose step names none."""
    limits = [longest_seconds(step) for step in members]
    said = sum(limit for limit in limits if limit is not None)
    unsaid = 60.0 * DEFAULT_MINUTES * limits.count(None)  # each may take what it may alone
    return said + max(0.0, min(unsaid, 60.0 * (HOSTED_MINUTES - MARGIN_MINUTES) - said))
