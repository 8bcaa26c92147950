"""How many items a mapped step is taken to have where the graph does not say it, and what that rests on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import Final, NamedTuple

from orch.model.bindings import Binding, OutputRef, ParameterRef
from orch.model.fan import index_of, step_of
from orch.model.graph import Graph
from orch.model.legs import fixed_length
from orch.model.matrix import mapped_over
from orch.model.runs import RunRecord
from orch.model.steps import Step
from orch.planning.cost import Basis


class Count(NamedTuple):
    items: int
    basis: Basis


_NOBODY_KNOWS: Final = Count(1, Basis.NOTHING)
_BY_TRUST: Final = list(Basis)


def count_of(graph: Graph, step: Step, seen: Mapping[str, int]) -> Count:
    """`seen` is how many items the mapped steps of earlier runs had. What nobody knows counts as one."""
    assert step.fan is not None
    told = _told(graph, step, seen)
    if told.basis is Basis.GRAPH:
        return told
    most = step.fan.max_items
    if step.id in seen:
        return Count(seen[step.id] if most is None else min(seen[step.id], most), Basis.RUNS)
    return told if most is None else Count(most, Basis.BOUND)


def _told(graph: Graph, step: Step, seen: Mapping[str, int]) -> Count:
    """By the lists that it maps over: side by side they have one length, so that one of them tells it."""
    assert step.fan is not None
    counts = sorted((_length(graph, binding, seen) for binding in mapped_over(step)), key=lambda count: _BY_TRUST.index(count.basis))
    if not step.fan.product:
        return counts[0]
    least = counts[-1].basis
    return _NOBODY_KNOWS if least is Basis.NOTHING else Count(prod(count.items for count in counts), least)


def _length(graph: Graph, binding: Binding, seen: Mapping[str, int]) -> Count:
    match binding:
        case OutputRef(producer) if graph[producer].fan:
            return count_of(graph, graph[producer], seen)
        case ParameterRef(name) if isinstance(default := graph.parameter(name).default, list):
            return Count(len(default), Basis.DEFAULT)
        case _:
            length = fixed_length(binding)
            return _NOBODY_KNOWS if length is None else Count(length, Basis.GRAPH)


def seen_in(records: Iterable[RunRecord]) -> dict[str, int]:
    """How many legs each mapped step had at most, also of those that did not have to run."""
    found: dict[str, int] = {}
    for record in records:
        for each in record.steps:
            if (index := index_of(each.step)) is not None:
                found[step_of(each.step)] = max(found.get(step_of(each.step), 0), index + 1)
    return found
