"""The schedule, for any pipeline and any ends of its steps."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from support.graphs import graphs
from support.steps import a_graph, a_step

from orch.model.conditions import holds
from orch.model.graph import Graph, topological
from orch.model.states import State
from orch.orchestrators.local.schedule import Schedule

ENDS = st.sampled_from([State.SUCCEEDED, State.SUCCEEDED, State.FAILED, State.CANCELLED])


def drive(graph: Graph, choose: Callable[[list[str]], str], end: Callable[[str], State]) -> tuple[dict[str, State], list[str]]:
    """Start everything that is ready, end one of what runs; the states at the end, and the order in which steps ended."""
    schedule = Schedule(graph)
    running: list[str] = []
    order: list[str] = [*schedule.skipped]
    while not schedule.has_ended:
        while schedule.ready:
            started = schedule.ready.popleft()
            assert started not in schedule.states
            assert all(need in schedule.states for need in graph[started].needs)
            running.append(started)
        assert running, "nothing runs, and nothing can start"
        ended = choose(running)
        running.remove(ended)
        order += [ended, *schedule.end(ended, end(ended))]
    assert running == []
    return schedule.states, order


def closure(graph: Graph, step: str) -> set[str]:
    """All that stands before `step`, at any distance."""
    found: set[str] = set()
    waiting = [step]
    while waiting:
        new = set(graph[waiting.pop()].needs) - found
        found |= new
        waiting += new
    return found


@given(graph=graphs(), data=st.data())
def test_every_step_ends_once_after_its_needs(graph: Graph, data: st.DataObject) -> None:
    states, order = drive(graph, lambda running: data.draw(st.sampled_from(running)), lambda _step: data.draw(ENDS))

    assert sorted(order) == sorted(step.id for step in graph.steps) == sorted(states)
    assert all(order.index(need) < order.index(step.id) for step in graph.steps for need in step.needs)


@given(graph=graphs(), data=st.data())
def test_what_runs_and_what_is_skipped_is_what_the_conditions_say_whatever_the_order(graph: Graph, data: st.DataObject) -> None:
    ends = {step.id: data.draw(ENDS) for step in graph.steps}
    expected: dict[str, State] = {}
    for step in topological(graph):
        above = closure(graph, step.id)
        is_below = any(expected[name] in (State.FAILED, State.CANCELLED) for name in above)
        expected[step.id] = ends[step.id] if not is_below and holds(step.condition, expected) else State.SKIPPED

    states, _ = drive(graph, lambda running: data.draw(st.sampled_from(running)), ends.__getitem__)

    assert states == expected


def test_steps_that_become_ready_together_start_in_call_order() -> None:
    schedule = Schedule(a_graph(a_step("a"), a_step("c", ["a"]), a_step("b", ["a"])))
    schedule.ready.clear()

    schedule.end("a", State.SUCCEEDED)

    assert list(schedule.ready) == ["c", "b"]


def test_a_failure_skips_all_that_stands_below_it_and_nothing_else() -> None:
    graph = a_graph(a_step("a"), a_step("b", ["a"]), a_step("c", after=["b"]), a_step("other"))
    schedule = Schedule(graph)

    assert schedule.end("a", State.FAILED) == ["b", "c"]
    assert "other" not in schedule.states


def test_giving_up_skips_what_has_not_started_and_what_runs_still_ends() -> None:
    graph = a_graph(a_step("a"), a_step("b"), a_step("c", ["b"]), a_step("d", ["a"]))
    schedule = Schedule(graph)
    assert schedule.end("a", State.FAILED) == ["d"]

    assert schedule.give_up({"b"}) == ["c"]
    assert schedule.end("b", State.SUCCEEDED) == []
    assert schedule.has_ended
    assert not schedule.ready


def test_reopening_a_step_looks_again_at_all_below_it_and_nothing_else() -> None:
    graph = a_graph(a_step("a"), a_step("b", ["a"]), a_step("c", ["b"]), a_step("other"), a_step("join", ["c", "other"]))
    schedule = Schedule(graph)
    for step in ("a", "other", "b"):
        schedule.end(step, State.CACHED)
    schedule.ready.clear()

    assert schedule.reopen(["a"]) == {"a", "b", "c", "join"}
    assert list(schedule.ready) == ["a"]
    assert schedule.states == {"other": State.CACHED}
    schedule.ready.clear()
    schedule.end("a", State.SUCCEEDED)
    assert list(schedule.ready) == ["b"]


@given(graph=graphs(), data=st.data())
def test_after_any_reopening_every_step_ends(graph: Graph, data: st.DataObject) -> None:
    reopened = data.draw(st.sets(st.sampled_from([step.id for step in graph.steps]), max_size=3))
    schedule = Schedule(graph)
    counts: dict[str, int] = {}
    while not schedule.has_ended or reopened:
        if reopened and (schedule.has_ended or data.draw(st.booleans())):
            schedule.reopen(step for step in reopened if step in schedule.states)
            reopened = set()
            continue
        step = schedule.ready.popleft()
        assert all(need in schedule.states for need in graph[step].needs)
        counts[step] = counts.get(step, 0) + 1
        schedule.end(step, data.draw(ENDS))

    assert max(counts.values()) <= 2
