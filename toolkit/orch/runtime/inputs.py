"""GitHub's `inputs` context, or the payload of a `repository_dispatch`, as the action hands it over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from orch.errors import ParameterError
from orch.model import canonical
from orch.model.canonical import Json
from orch.names import LOGICAL_DATE_INPUT, NO_CACHE_INPUT, PARAMETERS_INPUT

if TYPE_CHECKING:
    from orch.model.parameters import Parameter

# Inputs of compiled workflows that are no parameters, unless the pipeline has one of that name.
_RESERVED: Final = (LOGICAL_DATE_INPUT, NO_CACHE_INPUT, PARAMETERS_INPUT)


def given_inputs(environment: Mapping[str, str]) -> dict[str, Json]:
    """The JSON object in `ORCH_INPUTS`; absent, empty and null mean that there are none, as on a push or by schedule."""
    return _table(environment.get("ORCH_INPUTS", ""), "ORCH_INPUTS", "pass toJSON(inputs)")


def given_parameters(declared: tuple[Parameter, ...], environment: Mapping[str, str]) -> dict[str, object]:
    """The value of every parameter, the given ones typed, the others by default; raises ParameterErrors."""
    return parameters_of(declared, given_inputs(environment))


def parameters_of(declared: tuple[Parameter, ...], given_to_workflow: Mapping[str, Json]) -> dict[str, object]:
    """The same, of the inputs of a workflow.

    What stands in the input `parameters` goes over a field of its own, which always has a value: somebody's or the default.
    """
    from orch.model import parameters  # a step that reads none does without

    inputs = dict(given_to_workflow)
    reserved = {name: inputs.pop(name, None) for name in _reserved(declared)}
    listed = _listed(reserved.get(PARAMETERS_INPUT))
    of_fields = {name: given for name, given in inputs.items() if name not in listed}
    given = parameters.from_inputs(declared, of_fields) | parameters.from_json(declared, listed)
    return parameters.resolve(declared, given)


def reserved_input(name: str, declared: tuple[Parameter, ...], environment: Mapping[str, str]) -> Json:
    """What was given for an input of every workflow; None without it, and where the pipeline has a parameter of that name."""
    return given_inputs(environment).get(name) if name in _reserved(declared) else None


def _reserved(declared: tuple[Parameter, ...]) -> set[str]:
    return {name for name in _RESERVED if all(parameter.name != name for parameter in declared)}


def _listed(given: Json) -> dict[str, Json]:
    """The input `parameters`: text in a form, an object in the payload of a `repository_dispatch`."""
    if isinstance(given, dict):
        return given
    if given is None or isinstance(given, str):
        return _table(given or "", f"the input {PARAMETERS_INPUT!r}", 'write it as {"rows": 5, "name": "a"}')
    raise ParameterError(
        f"the input {PARAMETERS_INPUT!r} is {given!r}, expected a JSON object", hint='write it as {"rows": 5, "name": "a"}'
    )


def _table(text: str, what: str, hint: str) -> dict[str, Json]:
    try:
        table = canonical.loads(text) if text.strip() else None
    except ValueError as error:
        raise ParameterError(f"{what} is not JSON: {error}", hint=hint) from error
    if table is not None and not isinstance(table, dict):
        raise ParameterError(f"{what} is {text!r}, expected a JSON object", hint=hint)
    return table or {}
