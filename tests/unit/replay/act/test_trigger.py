from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.errors import UsageError
from orch.model.graph import Graph, Step
from orch.model.parameters import Kind, Parameter, ParameterType, from_inputs
from orch.model.triggers import Push, Schedule, Trigger
from orch.replay.act.trigger import as_input, dispatch, of_payload


def graph(*triggers: Trigger, parameters: tuple[Parameter, ...] = ()) -> Graph:
    return Graph("p", "p.py:p", (Step("a", "p.py:a"),), triggers=triggers, parameters=parameters)


def parameter(name: str, kind: Kind, *, optional: bool = False) -> Parameter:
    return Parameter(name, ParameterType(kind, optional), required=True)


def test_a_dispatch_holds_the_values_as_a_form_would() -> None:
    kinds = {"rows": Kind.INT, "rate": Kind.FLOAT, "fast": Kind.BOOL, "name": Kind.STR, "items": Kind.JSON}
    parameters = tuple(parameter(name, kind, optional=True) for name, kind in kinds.items())
    values = {"rows": 3, "rate": 0.5, "fast": True, "name": "a b", "items": [1, "x"]}

    trigger = dispatch(graph(parameters=parameters), values)

    assert trigger.event == "workflow_dispatch"
    assert trigger.payload["inputs"] == {"rows": "3", "rate": "0.5", "fast": "true", "name": "a b", "items": '[1,"x"]'}
    assert dispatch(graph(parameters=parameters), dict.fromkeys(kinds)).payload["inputs"] == dict.fromkeys(kinds, "")


VALUES = {
    Kind.INT: st.integers(),
    Kind.FLOAT: st.floats(allow_nan=False),
    Kind.BOOL: st.booleans(),
    Kind.STR: st.text(),
    Kind.JSON: st.lists(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5)),
}


@given(st.sampled_from(sorted(VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), VALUES[kind])))
def test_every_value_comes_back_from_the_inputs_as_it_was(case: tuple[Kind, object]) -> None:
    kind, value = case
    x = parameter("x", kind)

    assert from_inputs((x,), {"x": as_input(x.type, value)}) == {"x": value}


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        ({"schedule": "0 2 * * *"}, "schedule"),
        ({"head_commit": {}, "commits": []}, "push"),
        ({"inputs": {"x": "1"}}, "workflow_dispatch"),
        ({}, "workflow_dispatch"),
    ],
)
def test_the_event_is_told_by_its_payload(payload: dict[str, object], event: str) -> None:
    assert of_payload(payload, {}, graph(Schedule("0 2 * * *"), Push())).event == event


def test_an_event_that_starts_another_workflow_is_refused() -> None:
    with pytest.raises(UsageError, match="'push', which does not start 'p'"):
        of_payload({"commits": []}, {}, graph())


def test_a_payload_of_an_event_that_no_pipeline_has_is_no_dispatch() -> None:
    with pytest.raises(UsageError, match="'action', 'release', so it is of an event that does not start 'p'"):
        of_payload({"action": "published", "release": {}, "sender": {}}, {}, graph(Push()))


def test_values_go_over_the_inputs_of_a_dispatch_and_nowhere_else() -> None:
    trigger = of_payload({"inputs": {"x": "1", "y": "2"}}, {"x": 5}, graph(parameters=(parameter("x", Kind.INT),)))

    assert trigger.payload == {"inputs": {"x": "5", "y": "2"}}
    with pytest.raises(UsageError, match="--set goes with a dispatch"):
        of_payload({"schedule": "0 2 * * *"}, {"x": 5}, graph(Schedule("0 2 * * *")))


def test_a_payload_is_an_object() -> None:
    with pytest.raises(UsageError, match="not a JSON object"):
        of_payload([], {}, graph())


def test_a_dispatch_says_the_moment_that_the_run_is_for() -> None:
    scheduled = graph(Schedule("0 2 * * *", "Europe/Berlin"))

    assert dispatch(scheduled, {}, "2026-03-30").payload["inputs"] == {"logical_date": "2026-03-30T00:00:00+02:00"}
    with pytest.raises(UsageError, match="'yesterday' is not a date or time"):
        dispatch(scheduled, {}, "yesterday")
    with pytest.raises(UsageError, match="pipeline 'p' has no schedule, and its jobs have no logical date"):
        dispatch(graph(), {}, "2026-03-30")


def test_parameters_without_a_field_of_their_own_go_into_the_shared_one() -> None:
    parameters = tuple(parameter(f"x{number}", Kind.INT) for number in range(30))
    many = graph(parameters=parameters)

    assert dispatch(many, {"x1": 5, "x29": 7}).payload["inputs"] == {"x1": "5", "parameters": '{"x29":7}'}
    again = of_payload({"inputs": {"parameters": '{"x28": 1, "x29": 1}'}}, {"x29": 7}, many)
    assert again.payload["inputs"] == {"parameters": '{"x28":1,"x29":7}'}
    with pytest.raises(UsageError, match="cannot hold"):
        dispatch(many, {"x29": float("inf")})
