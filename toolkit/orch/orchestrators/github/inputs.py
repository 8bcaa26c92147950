"""A pipeline's parameters as the inputs of its workflow: the form on GitHub, and how its values reach the jobs."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Final

from orch.errors import LimitError, OrchError, PipelineError
from orch.model import dates, values
from orch.model.graph import Graph
from orch.model.parameters import EXACT_INT, Kind, Parameter
from orch.names import LOGICAL_DATE_INPUT
from orch.workflow.expressions import Context, interpolate, is_plain, to_json
from orch.workflow.limits import INPUTS
from orch.workflow.model import Input, InputType

_INPUT_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBERS: Final = (Kind.INT, Kind.FLOAT)


def inputs_of(graph: Graph) -> dict[str, Input]:
    """The form's fields in their order; `graph` has passed `check_inputs`."""
    fields = {parameter.name: dispatch_input(parameter) for parameter in graph.parameters}
    return fields | ({LOGICAL_DATE_INPUT: _date_input(graph)} if dates.has_schedule(graph.triggers) else {})


def handed_over(graph: Graph) -> dict[str, str]:
    """The input of our actions that brings a job what was typed into the form, where there is one."""
    return {"parameters": interpolate(to_json(Context(("inputs",))))} if inputs_of(graph) else {}


def _date_input(graph: Graph) -> Input:
    zone = dates.zone_of(graph.triggers)
    read = f"read in {zone}" if zone else "with its offset"
    return Input("string", f"the moment that the run is for, as 2026-03-29T02:30, {read}; the run's start without", default="")


def dispatch_input(parameter: Parameter) -> Input:
    """`parameter` as a field of the form on GitHub."""
    kind: InputType = "string"
    if not parameter.type.optional:  # a checkbox or list cannot say None, an empty text can
        kind = {Kind.BOOL: "boolean", Kind.CHOICE: "choice"}.get(parameter.type.kind, kind)  # type: ignore[assignment]
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
    who = f"pipeline {graph.pipeline!r}"
    if len(graph.parameters) > INPUTS:
        hint = "group parameters in one of type dict, which is typed as JSON"
        yield LimitError(f"{who} has {len(graph.parameters)} parameters, GitHub takes {INPUTS}", hint=hint)
    yield from _check_names(graph)
    for parameter in graph.parameters:
        yield from _check_parameter(parameter)


def _check_names(graph: Graph) -> Iterator[OrchError]:
    seen: dict[str, str] = {}
    if dates.has_schedule(graph.triggers):
        for parameter in graph.parameters:
            if parameter.name.lower() == LOGICAL_DATE_INPUT:
                told = f"parameter {parameter.name!r} is taken: every workflow with a schedule has the input {LOGICAL_DATE_INPUT!r}"
                yield PipelineError(told, hint="rename it, or leave it away: what is typed there is orch.context().logical_date")
    for parameter in graph.parameters:
        if not _INPUT_ID.fullmatch(parameter.name):
            yield PipelineError(f"parameter {parameter.name!r} is not a name that GitHub takes", hint="ASCII letters, digits and '_'")
        if (other := seen.setdefault(parameter.name.lower(), parameter.name)) != parameter.name:
            yield PipelineError(f"parameters {other!r} and {parameter.name!r} are one to GitHub, which ignores case", hint="rename one")


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
