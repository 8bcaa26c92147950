"""The order of a graph's steps, for any graph."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from support.graphs import graphs

from orch.model.graph import Graph, topological


@given(graph=graphs(mapped=True, conditional=True))
def test_every_step_comes_once_and_after_all_that_it_needs(graph: Graph) -> None:
    order = [step.id for step in topological(graph)]

    assert sorted(order) == sorted(step.id for step in graph.steps)
    assert all(order.index(need) < order.index(step.id) for step in graph.steps for need in step.needs)


@given(graph=graphs(mapped=True, conditional=True))
def test_steps_in_order_stay_as_they_are(graph: Graph) -> None:
    order = topological(graph)

    assert topological(replace(graph, steps=tuple(order))) == order


@given(graph=graphs(mapped=True, conditional=True))
def test_a_graph_survives_its_file(graph: Graph) -> None:
    assert Graph.from_json(graph.to_json()) == graph
