"""Conditions are a small algebra: what holds follows from the states of the steps alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.model.conditions import ALWAYS, And, Condition, Not, Or, Succeeded, holds
from orch.model.states import State

STATES = st.fixed_dictionaries({name: st.sampled_from([state for state in State if state.has_ended]) for name in "ab"})
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    st.sampled_from("ab").map(Succeeded),
    lambda inner: inner.map(Not) | st.lists(inner, max_size=3).map(tuple).map(And) | st.lists(inner, max_size=3).map(tuple).map(Or),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("state", "expected"),
    [(State.SUCCEEDED, True), (State.CACHED, True), (State.FAILED, False), (State.SKIPPED, False), (State.CANCELLED, False)],
)
def test_a_step_succeeded_where_it_left_outputs(state: State, *, expected: bool) -> None:
    assert holds(Succeeded("a"), {"a": state}) is expected


def test_no_terms_hold_together_and_none_of_them_holds() -> None:
    assert holds(ALWAYS, {})
    assert not holds(Or(()), {})


@given(condition=CONDITIONS, states=STATES)
def test_not_is_the_opposite(condition: Condition, states: dict[str, State]) -> None:
    assert holds(Not(condition), states) is not holds(condition, states)


@given(one=CONDITIONS, other=CONDITIONS, states=STATES)
def test_and_and_or_are_what_logic_says(one: Condition, other: Condition, states: dict[str, State]) -> None:
    assert holds(And((one, other)), states) is (holds(one, states) and holds(other, states))
    assert holds(Or((one, other)), states) is (holds(one, states) or holds(other, states))
    assert holds(Not(And((one, other))), states) is holds(Or((Not(one), Not(other))), states)
