from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given, settings
from support.graphs import graphs
from support.steps import a_graph, a_step

from orch.model.graph import Graph
from orch.orchestrators.github.reduction import reduced_needs


def ancestors(edges: Mapping[str, tuple[str, ...]], step: str) -> set[str]:
    """All steps that lead to `step`, the slow and plain way."""
    found: set[str] = set()
    waiting = list(edges[step])
    while waiting:
        need = waiting.pop()
        if need not in found:
            found.add(need)
            waiting.extend(edges[need])
    return found


def data_edges(graph: Graph) -> dict[str, tuple[str, ...]]:
    return {step.id: step.producers for step in graph.steps}


@given(graphs())
@settings(max_examples=50)
def test_every_step_still_waits_for_all_that_it_waited_for(graph: Graph) -> None:
    before = {step.id: step.needs for step in graph.steps}
    after = reduced_needs(graph)

    for step in graph.steps:
        assert set(after[step.id]) <= set(step.needs)
        assert ancestors(after, step.id) == ancestors(before, step.id)


@given(graphs())
@settings(max_examples=50)
def test_data_still_flows_along_data_edges_alone(graph: Graph) -> None:
    kept = reduced_needs(graph)
    data = data_edges(graph)
    kept_data = {step.id: tuple(need for need in kept[step.id] if need in step.producers) for step in graph.steps}

    for step in graph.steps:
        assert ancestors(kept_data, step.id) == ancestors(data, step.id)


@given(graphs())
@settings(max_examples=50)
def test_an_edge_that_stays_has_no_path_that_replaces_it(graph: Graph) -> None:
    needs, data = {step.id: step.needs for step in graph.steps}, data_edges(graph)

    for step in graph.steps:
        for need in reduced_needs(graph)[step.id]:
            paths = data if need in step.producers else needs
            assert not any(need in ancestors(paths, other) for other in paths[step.id] if other != need)


def test_a_data_edge_stays_beside_a_path_of_order_alone() -> None:
    graph = a_graph(a_step("a"), a_step("b", after=["a"]), a_step("c", ["a", "b"]))

    assert reduced_needs(graph)["c"] == ("a", "b")


def test_an_order_edge_falls_for_any_path() -> None:
    graph = a_graph(a_step("a"), a_step("b", ["a"]), a_step("c", ["b"], after=["a"]))

    assert reduced_needs(graph)["c"] == ("b",)


def test_a_long_chain_that_reads_all_that_came_before_becomes_a_chain() -> None:
    names = [f"s{number}" for number in range(120)]
    graph = a_graph(*(a_step(name, names[:position]) for position, name in enumerate(names)))

    assert list(reduced_needs(graph).values()) == [()] + [(name,) for name in names[:-1]]
