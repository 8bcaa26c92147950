"""Comparisons have names that nothing misreads, and are told by records of other runs, too."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import hostile
from support.graphs import PLAIN
from support.steps import a_graph, a_step

from orch.model import values
from orch.model.artifacts import Artifact
from orch.model.conditions import OPERATORS, And, Compare, Condition, Not, Or, leaves, truth, when_from_json, when_to_json
from orch.model.flags import PARAMETERS, flags_from, flags_of_parameters, leaves_of, name_of, parameter_problems, resolved, told
from orch.model.steps import OutputRef, ParameterRef, Step, Value

ACCURACY = OutputRef("train", "accuracy")
GOOD = Compare(ACCURACY, ">", Value(0.9))


def artifact(value: Any = None) -> Artifact:
    return Artifact("sha256:" + "a" * 64, 1, "json", value=value)


@pytest.mark.parametrize(
    ("right", "name"),
    [
        (Value(0.9), "accuracy > 0.9"),
        (Value(data=True), "accuracy > true"),
        (Value("eu"), 'accuracy > "eu"'),
        (Value(""), 'accuracy > ""'),
        (Value(None), "accuracy > null"),
        (ParameterRef("limit"), "accuracy > parameters.limit"),
        (OutputRef("train", "recall"), "accuracy > recall"),
    ],
)
def test_a_name_says_what_is_compared(right: Any, name: str) -> None:
    assert name_of(Compare(ACCURACY, ">", right)) == name


@given(text=st.text() | st.sampled_from([text for text in hostile.VALUES if len(text) < 1000]))
def test_a_name_holds_nothing_that_anybody_would_read_as_more(text: str) -> None:
    name = name_of(Compare(ACCURACY, "==", Value(values.encode(text))))

    assert len(name) < 80
    assert name.isascii()
    assert name.isprintable()
    assert not set("${}'`\\;&|#\n") & set(name)


@given(one=PLAIN, other=PLAIN)
def test_two_values_have_one_name_only_if_they_are_one_value(one: Any, other: Any) -> None:
    names = [name_of(Compare(ACCURACY, "==", Value(value))) for value in (one, other)]

    assert (names[0] == names[1]) is (one == other and type(one) is type(other))


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    st.builds(Compare, st.just(ACCURACY), st.sampled_from(OPERATORS), PLAIN.map(Value)),
    lambda inner: inner.map(Not) | st.lists(inner, max_size=3).map(tuple).map(And) | st.lists(inner, max_size=3).map(tuple).map(Or),
    max_leaves=6,
)


@given(condition=CONDITIONS)
def test_a_condition_comes_back_from_its_json(condition: Condition) -> None:
    assert when_from_json(when_to_json(condition)) == condition
    assert told(condition)


@given(condition=CONDITIONS, data=st.data())
def test_what_is_not_known_is_never_taken_for_false(condition: Condition, data: st.DataObject) -> None:
    """Whatever the comparisons that are not known turn out to be, a condition that is told before stays as it was told."""
    known = {leaf: data.draw(st.none() | st.booleans()) for leaf in leaves(condition)}
    all_known = {leaf: data.draw(st.booleans()) if flag is None else flag for leaf, flag in known.items()}

    before, after = truth(condition, {}, known.get), truth(condition, {}, all_known.get)

    assert after is not None
    assert before in (None, after)


def test_a_record_tells_what_was_asked_then_and_what_its_short_values_say() -> None:
    other = Compare(ACCURACY, ">", Value(0.5))

    assert flags_from([GOOD, other], {}, {"accuracy > 0.9": True}, {"accuracy": artifact()}) == {"accuracy > 0.9": True}
    assert flags_from([GOOD, other], {}, {}, {"accuracy": artifact(0.7)}) == {"accuracy > 0.9": False, "accuracy > 0.5": True}
    assert flags_from([GOOD], {}, {}, {}) == {}
    assert flags_from([GOOD], {}, {}, {"accuracy": artifact("high")}) == {}


def test_a_flag_of_another_parameter_is_no_flag_of_this_one() -> None:
    """The parameter is no part of the cache key: the record holds what it was compared with."""
    leaf = Compare(ACCURACY, ">", ParameterRef("limit"))
    recorded = {name_of(resolved(leaf, {"limit": 0.9})): True}

    assert flags_from([leaf], {"limit": 0.9}, recorded, {}) == {"accuracy > parameters.limit": True}
    assert flags_from([leaf], {"limit": 0.95}, recorded, {}) == {}


def test_comparisons_are_told_where_their_value_is() -> None:
    on_parameter = Compare(ParameterRef("rows"), ">", Value(3))
    steps = (
        Step("a", "p.py:a", when=And((GOOD, Not(on_parameter)))),
        Step("b", "p.py:b", when=GOOD),
        a_step("c"),
    )

    assert leaves_of(steps) == {"train": (GOOD,), PARAMETERS: (on_parameter,)}
    assert leaves_of(a_graph().steps) == {}


def test_a_parameter_that_cannot_be_compared_is_named_before_anything_runs() -> None:
    steps = (Step("a", "p.py:a", when=Compare(ParameterRef("limit"), ">", Value(3))),)

    (problem,) = parameter_problems(steps, {"limit": None})

    assert problem.message == "it cannot be told whether limit > 3: limit is None"
    assert parameter_problems(steps, {"limit": 5}) == []
    assert flags_of_parameters(leaves_of(steps)[PARAMETERS], {"limit": 5}) == {"limit > 3": True}
