"""What follows from the ends of steps for those that wait for them."""

from __future__ import annotations

from dataclasses import replace

from support.steps import a_graph, a_step

from orch.model.conditions import Compare, Not
from orch.model.ends import Ends
from orch.model.states import State
from orch.model.steps import Choice, OutputRef, Step, Value

BIG = Compare(OutputRef("a", "output"), ">", Value(5))
GRAPH = a_graph(
    a_step("a"),
    replace(a_step("large", ["a"]), when=BIG),
    replace(a_step("small", ["a"]), when=Not(BIG)),
    a_step("after", after=["large"]),
    Step("join", "p.py:join", (("x", Choice((OutputRef("large", "output"), OutputRef("small", "output")))),)),
)


def ends(**states: State) -> Ends:
    found = Ends.of(GRAPH.steps, {})
    for name, state in states.items():
        found.note(GRAPH[name], state, flags={"output > 5": True})
    return found


def test_a_condition_is_told_by_the_record_of_the_step_that_made_the_value() -> None:
    told = ends(a=State.SUCCEEDED)

    assert told.may_start(GRAPH["large"]) is True
    assert told.may_start(GRAPH["small"]) is False
    assert told.reason(GRAPH["small"]) == "a.output > 5 is true"


def test_what_no_record_tells_is_not_false() -> None:
    told = Ends.of(GRAPH.steps, {})
    told.note(GRAPH["a"], State.SUCCEEDED)

    assert told.may_start(GRAPH["large"]) is None
    assert told.may_start(GRAPH["small"]) is None


def test_skipped_by_choice_is_passed_and_skipped_below_a_failure_is_not() -> None:
    by_choice = ends(a=State.SUCCEEDED, large=State.SKIPPED)
    below = ends(a=State.FAILED, large=State.SKIPPED)

    assert by_choice.may_start(GRAPH["after"]) is True
    assert below.may_start(GRAPH["after"]) is False
    assert below.tainted == {"a", "large"}
    assert below.reason(GRAPH["after"]) == "large skipped"


def test_either_wants_one_that_ran_and_none_that_failed() -> None:
    assert ends(a=State.SUCCEEDED, large=State.SKIPPED, small=State.SUCCEEDED).may_start(GRAPH["join"]) is True
    assert ends(a=State.SUCCEEDED, large=State.FAILED, small=State.SUCCEEDED).may_start(GRAPH["join"]) is False
    neither = ends(a=State.SUCCEEDED, large=State.SKIPPED, small=State.SKIPPED)
    assert neither.may_start(GRAPH["join"]) is False
    assert neither.reason(GRAPH["join"]) == "none of large, small ran"


def test_what_is_forgotten_was_never_told() -> None:
    told = ends(a=State.FAILED, large=State.SKIPPED)
    told.forget(["a", "large"])

    assert (told.states, told.tainted) == ({}, set())
    assert "a" not in told.flags
