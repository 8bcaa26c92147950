"""What the action hands over of GitHub's `inputs` context."""

from __future__ import annotations

import json

import pytest

from orch.errors import ParameterError
from orch.model.parameters import Kind, Parameter, ParameterType
from orch.runtime.inputs import given_inputs, given_parameters, reserved_input


@pytest.mark.parametrize("text", [None, "", " \n", "null", "{}"])
def test_a_push_or_schedule_gives_no_inputs(text: str | None) -> None:
    assert given_inputs({} if text is None else {"ORCH_INPUTS": text}) == {}


def test_inputs_keep_their_json_types() -> None:
    assert given_inputs({"ORCH_INPUTS": '{"rows": "5", "fast": true, "rate": 0.5}'}) == {"rows": "5", "fast": True, "rate": 0.5}


@pytest.mark.parametrize(("text", "message"), [("{", "is not JSON"), ("[]", "expected a JSON object"), ("3", "expected a JSON object")])
def test_what_is_no_json_object_is_refused_with_what_to_pass(text: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message) as caught:
        given_inputs({"ORCH_INPUTS": text})

    assert caught.value.hint == "pass toJSON(inputs)"


DECLARED = (
    Parameter("rows", ParameterType(Kind.INT, text="int"), default=1),
    Parameter("name", ParameterType(Kind.STR, text="str"), default="a"),
    Parameter("when", ParameterType(Kind.STR, True, text="str | None"), default=None),
)


def given(**inputs: object) -> dict[str, object]:
    return given_parameters(DECLARED, {"ORCH_INPUTS": json.dumps(inputs)})


def test_what_the_shared_field_says_goes_over_a_field_of_its_own() -> None:
    assert given(rows=5, parameters='{"rows": 7, "when": null}') == {"rows": 7, "name": "a", "when": None}
    assert given(rows=5, parameters="") == {"rows": 5, "name": "a", "when": None}


def test_the_payload_of_an_event_has_it_as_an_object() -> None:
    assert given(rows=5, parameters={"name": "b"}) == {"rows": 5, "name": "b", "when": None}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("{", "the input 'parameters' is not JSON"),
        ("[1]", r"the input 'parameters' is '\[1\]', expected a JSON object"),
        (5, "the input 'parameters' is 5, expected a JSON object"),
        ('{"rows": "7"}', "parameter 'rows' is '7': expected int"),
        ('{"row": 7}', "no parameter 'row'"),
    ],
)
def test_what_does_not_fit_in_the_shared_field_is_told(parameters: object, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        given(parameters=parameters)


def test_numbers_in_the_shared_field_are_exact() -> None:
    assert given(parameters=f'{{"rows": {10**17 + 1}}}')["rows"] == 10**17 + 1


def test_other_inputs_of_the_workflow_are_no_parameters_unless_the_pipeline_has_one_of_that_name() -> None:
    environment = {"ORCH_INPUTS": '{"logical_date": "2026-03-29"}'}
    own = (Parameter("logical_date", ParameterType(Kind.STR, text="str"), default=""),)

    assert given_parameters(DECLARED, environment) == {"rows": 1, "name": "a", "when": None}
    assert reserved_input("logical_date", DECLARED, environment) == "2026-03-29"
    assert given_parameters(own, environment) == {"logical_date": "2026-03-29"}
    assert reserved_input("logical_date", own, environment) is None
