"""A pipeline's parameters as the inputs of its workflow: the form on GitHub, and how its values reach the jobs."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Final

from orch.errors import OrchError, PipelineError
from orch.model import dates, values
from orch.model.graph import Graph
from orch.model.parameters import EXACT_INT, Kind, Parameter
from orch.model.triggers import RepositoryDispatch, WorkflowCall
from orch.names import LOGICAL_DATE_INPUT, PARAMETERS_INPUT
from orch.workflow.expressions import And, Context, Equal, Expression, Literal, Or, interpolate, is_plain, to_json
from orch.workflow.limits import INPUTS
from orch.workflow.model import Input, InputType

_INPUT_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBERS: Final = (Kind.INT, Kind.FLOAT)
_LISTS: Final[Mapping[Kind, InputType]] = {Kind.BOOL: "boolean", Kind.CHOICE: "choice", Kind.ENVIRONMENT: "environment"}


def inputs_of(graph: Graph) -> dict[str, Input]:
    """The form's fields in their order; `graph` has passed `check_inputs`."""
    own, listed = with_field(graph)
    fields = {parameter.name: dispatch_input(parameter) for parameter in own}
    if listed:
        fields[PARAMETERS_INPUT] = _listed_input(listed)
    return fields | ({LOGICAL_DATE_INPUT: _date_input(graph)} if dates.has_schedule(graph.triggers) else {})


def with_field(graph: Graph) -> tuple[tuple[Parameter, ...], tuple[Parameter, ...]]:
    """The parameters that have a field of their own, and those that one field holds together, as JSON."""
    places = INPUTS - dates.has_schedule(graph.triggers)
    if len(graph.parameters) <= places:
        return graph.parameters, ()
    return graph.parameters[: places - 1], graph.parameters[places - 1 :]


def handed_over(graph: Graph) -> dict[str, str]:
    """The input of our actions that brings a job what was typed into the form, where there is one."""
    fields = inputs_of(graph)
    if not fields:
        return {}
    kinds = set(map(type, graph.triggers))
    given: Expression = Context(("inputs",))
    if RepositoryDispatch in kinds:
        sent = [Equal(Context(("github", "event_name")), Literal("repository_dispatch"))]
        if WorkflowCall in kinds:  # a workflow that calls this one may itself be started so: then there are inputs all the same
            sent.append(Equal(to_json(Context(("inputs", next(iter(fields))))), Literal("null")))
        given = Or((And((*sent, Context(("github", "event", "client_payload")))), given))
    return {"parameters": interpolate(to_json(given))}


def _listed_input(parameters: tuple[Parameter, ...]) -> Input:
    named = ", ".join(f"{parameter.name}: {parameter.type.text}" for parameter in parameters)
    return Input("string", f'the other parameters as JSON, as {{"{parameters[0].name}": ...}}; there are {named}', default="")


def _date_input(graph: Graph) -> Input:
    zone = dates.zone_of(graph.triggers)
    read = f"read in {zone}" if zone else "with its offset"
    return Input("string", f"the moment that the run is for, as 2026-03-29T02:30, {read}; the run's start without", default="")


def dispatch_input(parameter: Parameter) -> Input:
    """`parameter` as a field of the form on GitHub."""
    kind: InputType = "string"
    if not parameter.type.optional:  # a checkbox or list cannot say None, an empty text can
        kind = _LISTS.get(parameter.type.kind, kind)
        kind = "number" if parameter.type.kind in _NUMBERS and _is_kept(parameter) else kind
    options = parameter.type.choices if kind == "choice" else ()
    return Input(kind, parameter.type.text, parameter.required, _default(parameter, kind), options)


def _is_kept(parameter: Parameter) -> bool:
    """Whether the default is the same after GitHub has written it with 15 digits, as it writes numbers."""
    value = None if parameter.required else values.decode(parameter.default)
    return not isinstance(value, float) or not math.isfinite(value) or float(f"{value:.15g}") == value


def _default(parameter: Parameter, kind: InputType) -> str | float | bool | None:
    if parameter.required:
        return None
    value = values.decode(parameter.default)
    if kind in ("number", "boolean"):
        return value  # type: ignore[return-value]
    if value is None:
        return ""
    if parameter.type.kind is Kind.JSON:
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- what GitHub cannot do ---


def check_inputs(graph: Graph) -> Iterator[OrchError]:
    """Every parameter that GitHub's form could not hold."""
    yield from _check_names(graph)
    yield from _check_reserved(graph)
    for parameter in graph.parameters:
        yield from _check_parameter(parameter)


def _check_names(graph: Graph) -> Iterator[OrchError]:
    seen: dict[str, str] = {}
    for parameter in graph.parameters:
        if not _INPUT_ID.fullmatch(parameter.name):
            yield PipelineError(f"parameter {parameter.name!r} is not a name that GitHub takes", hint="ASCII letters, digits and '_'")
        if (other := seen.setdefault(parameter.name.lower(), parameter.name)) != parameter.name:
            yield PipelineError(f"parameters {other!r} and {parameter.name!r} are one to GitHub, which ignores case", hint="rename one")


def _check_reserved(graph: Graph) -> Iterator[OrchError]:
    """The other inputs of the form have names that parameters could have."""
    taken = {}
    if dates.has_schedule(graph.triggers):
        taken[LOGICAL_DATE_INPUT] = "with a schedule", "leave it away: what is typed there is orch.context().logical_date"
    if with_field(graph)[1]:
        taken[PARAMETERS_INPUT] = f"that has more than {INPUTS} inputs", "rename it"
    for parameter in graph.parameters:
        if (name := parameter.name.lower()) in taken:
            of, hint = taken[name]
            yield PipelineError(f"parameter {parameter.name!r} is taken: every workflow {of} has the input {name!r}", hint=hint)


def _check_parameter(parameter: Parameter) -> Iterator[OrchError]:
    who = f"parameter {parameter.name!r}"
    for text in (parameter.type.text, *parameter.type.choices):
        if problem := text_problem(text):
            yield PipelineError(f"the type of {who} is {text!r}, {problem}", hint="use another type")
            return
    if parameter.required:
        return
    value = values.decode(parameter.default)
    told = f"the default of {who} is {value!r}"
    if isinstance(value, (list, dict)):
        try:
            value = json.dumps(value, allow_nan=False, ensure_ascii=False)
        except (ValueError, TypeError):
            yield PipelineError(f"{told}, which is not JSON", hint="lists, dicts with text keys, text, numbers and None are")
            return
    if isinstance(value, str) and (problem := text_problem(value)):
        yield PipelineError(f"{told}, {problem}", hint="read it from a file")
    elif value == "" and parameter.type.optional:
        yield PipelineError(f"{told}, which GitHub's form cannot tell from None", hint="make the default None, or the type str")
    elif isinstance(value, float) and not math.isfinite(value):
        yield PipelineError(f"{told}, which is no number to GitHub", hint="make it `float | None` with the default None")
    elif isinstance(value, int) and abs(value) > EXACT_INT:
        yield PipelineError(f"{told}, GitHub's numbers are exact up to {EXACT_INT}", hint="make it a str")


def text_problem(text: str) -> str | None:
    if not is_plain(text):
        return "which GitHub would read as an expression"
    if any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 or 0xD800 <= ord(character) < 0xE000 for character in text):
        return "which holds a line break or another character that GitHub's form does not keep"
    return None
