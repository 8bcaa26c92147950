"""GitHub's `inputs` context, as the action hands it over."""

from __future__ import annotations

from collections.abc import Mapping

from orch.errors import ParameterError
from orch.model import canonical
from orch.model.canonical import Json


def given_inputs(environment: Mapping[str, str]) -> dict[str, Json]:
    """The JSON object in `ORCH_INPUTS`; absent, empty and null mean that there are none, as on a push or by schedule."""
    text = environment.get("ORCH_INPUTS", "").strip()
    try:
        inputs = canonical.loads(text) if text else None
    except ValueError as error:
        raise ParameterError(f"ORCH_INPUTS is not JSON: {error}", hint="pass toJSON(inputs)") from error
    if inputs is not None and not isinstance(inputs, dict):
        raise ParameterError(f"ORCH_INPUTS is {text!r}, expected a JSON object", hint="pass toJSON(inputs)")
    return inputs or {}
