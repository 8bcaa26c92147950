"""What the action hands over of GitHub's `inputs` context."""

from __future__ import annotations

import pytest

from orch.errors import ParameterError
from orch.runtime.inputs import given_inputs


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
