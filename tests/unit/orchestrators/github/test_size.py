"""How long workflows are: GitHub refuses long ones in silence, and people do not read them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.steps import a_graph, a_step

from orch.model.graph import Graph
from orch.names import PLAN_JOB, workflow_path
from orch.orchestrators.github.compile import compile_workflow, files
from orch.orchestrators.github.plan_job import cache_mode
from orch.stacks.settings import Cache, Settings

LINES = 25
BYTES = 500_000


def chain(count: int) -> Graph:
    return a_graph(*(a_step(f"step_{number}", [f"step_{number - 1}"] if number else []) for number in range(count)))


def fan(count: int) -> Graph:
    """One before all, and one that reads from all."""
    between = [f"step_{number}" for number in range(count - 2)]
    return a_graph(a_step("first"), *(a_step(name, ["first"]) for name in between), a_step("last", between))


def dense(count: int) -> Graph:
    """Each step reads from the eleven before it."""
    return a_graph(*(a_step(f"step_{number}", [f"step_{each}" for each in range(max(0, number - 11), number)]) for number in range(count)))


def text(graph: Graph, cache: Cache) -> str:
    return files(graph, Settings(cache=cache))[workflow_path("p")]


@pytest.mark.parametrize("form", [chain, fan, dense])
@pytest.mark.parametrize(("cache", "count"), [("job", 5), ("job", 30), ("job", 300), ("plan", 10), ("plan", 30), ("plan", 200)])
def test_a_step_takes_25_lines_at_most_with_all_that_stands_around(form: Callable[[int], Graph], cache: Cache, count: int) -> None:
    assert text(form(count), cache).count("\n") <= LINES * count


@pytest.mark.parametrize("form", [chain, fan, dense])
@pytest.mark.parametrize("count", [300, 1_000])
def test_a_thousand_steps_are_less_than_github_takes_by_default(form: Callable[[int], Graph], count: int) -> None:
    assert len(text(form(count), "auto").encode()) < BYTES


def test_a_plan_for_hundreds_of_steps_fits() -> None:
    steps = [f"step_with_a_long_name_{number}" for number in range(500)]
    graph = a_graph(*(a_step(name, steps[max(0, number - 1) : number]) for number, name in enumerate(steps)))

    assert cache_mode(graph, Settings()) == "plan"
    assert len(text(graph, "plan").encode()) < BYTES


def test_of_three_thousand_edges_those_are_left_that_no_path_replaces() -> None:
    graph = dense(300)
    jobs = compile_workflow(graph, Settings(cache="plan")).jobs
    needs = sum(name != PLAN_JOB for step in graph.steps for name in jobs[step.id].needs)

    assert sum(len(step.needs) for step in graph.steps) == 3_234
    assert needs == 299
