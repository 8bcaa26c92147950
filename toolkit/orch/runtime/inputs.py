"""GitHub's `inputs` context, as the action hands it over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from orch.errors import ParameterError
from orch.model import canonical
from orch.model.canonical import Json
from orch.names import LOGICAL_DATE_INPUT

if TYPE_CHECKING:
    from orch.model.parameters import Parameter

# Inputs of compiled workflows that are no parameters, unless the pipeline has one of that name.
_RESERVED: Final = (LOGICAL_DATE_INPUT,)


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


def given_parameters(declared: tuple[Parameter, ...], environment: Mapping[str, str]) -> dict[str, object]:
    """The value of every parameter, the given ones typed, the others by default; raises ParameterErrors."""
    from orch.model import parameters  # a step that reads none does without

    reserved = _reserved(declared)
    inputs = {name: given for name, given in given_inputs(environment).items() if name not in reserved}
    return parameters.resolve(declared, parameters.from_inputs(declared, inputs))


def reserved_input(name: str, declared: tuple[Parameter, ...], environment: Mapping[str, str]) -> Json:
    """What was given for an input of every workflow; None without it, and where the pipeline has a parameter of that name."""
    return given_inputs(environment).get(name) if name in _reserved(declared) else None


def _reserved(declared: tuple[Parameter, ...]) -> set[str]:
    return {name for name in _RESERVED if all(parameter.name != name for parameter in declared)}
