"""A pipeline's parameters and triggers as the `on:` of its workflow."""

from __future__ import annotations

import json
import math
import re
import zoneinfo
from collections.abc import Iterator
from typing import Final

from orch.errors import LimitError, OrchError, PipelineError
from orch.model import values
from orch.model.cron import scattered
from orch.model.graph import Graph
from orch.model.parameters import EXACT_INT, Kind, Parameter
from orch.model.settings import PullRequest, Push, Schedule, WorkflowCall
from orch.orchestrators.github.cron import check_cron
from orch.workflow.expressions import is_plain
from orch.workflow.limits import INPUTS
from orch.workflow.model import Called, Cron, Dispatch, Filter, Input, InputType, Triggers

_INPUT_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBERS: Final = (Kind.INT, Kind.FLOAT)


def triggers_of(graph: Graph) -> Triggers:
    """What starts the workflow of `graph`, which has passed `check_triggers`: always a person, and what it asks for."""
    schedules = [trigger for trigger in graph.triggers if isinstance(trigger, Schedule)]
    push = next((trigger for trigger in graph.triggers if isinstance(trigger, Push)), None)
    pull_request = next((trigger for trigger in graph.triggers if isinstance(trigger, PullRequest)), None)
    is_called = any(isinstance(trigger, WorkflowCall) for trigger in graph.triggers)
    return Triggers(
        workflow_dispatch=Dispatch({parameter.name: dispatch_input(parameter) for parameter in graph.parameters}),
        workflow_call=_called(graph) if is_called else None,
        push=Filter(push.branches, push.paths) if push else None,
        pull_request=Filter(pull_request.branches, pull_request.paths) if pull_request else None,
        schedule=tuple(_cron(schedule, graph.pipeline) for schedule in schedules),
    )


def scatter_notes(graph: Graph) -> Iterator[str]:
    """For the file's header: which cron lines stand there otherwise than they were written, and why."""
    for trigger in graph.triggers:
        if isinstance(trigger, Schedule) and (cron := scattered(trigger.cron_expression, graph.pipeline)) != trigger.cron_expression:
            yield f"The schedule {trigger.cron_expression!r} starts at minute {cron.split()[0]}: at minute 0 GitHub is late most of all."


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


def _called(graph: Graph) -> Called:
    """The same inputs in the three types that a called workflow knows, and the secrets that its caller hands over."""
    inputs: dict[str, Input] = {}
    for parameter in graph.parameters:
        given = dispatch_input(parameter)
        inputs[parameter.name] = Input("string" if given.type == "choice" else given.type, given.description, given.required, given.default)
    secrets = dict.fromkeys(secret for step in graph.steps for secret in step.settings.secrets)
    return Called(inputs, tuple(sorted(set(secrets) - {"GITHUB_TOKEN"})))  # that one every workflow has


def _cron(schedule: Schedule, pipeline: str) -> Cron:
    return Cron(scattered(schedule.cron_expression, pipeline), "" if schedule.timezone == "UTC" else schedule.timezone)


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


def check_triggers(graph: Graph) -> Iterator[OrchError]:
    """Every reason why GitHub could not start `graph` with the values that the pipeline expects."""
    who = f"pipeline {graph.pipeline!r}"
    if len(graph.parameters) > INPUTS:
        hint = "group parameters in one of type dict, which is typed as JSON"
        yield LimitError(f"{who} has {len(graph.parameters)} parameters, GitHub takes {INPUTS}", hint=hint)
    yield from _check_unattended(graph, who)
    yield from _check_names(graph)
    for parameter in graph.parameters:
        yield from _check_parameter(parameter)
    for kind in (Push, PullRequest):
        if sum(isinstance(trigger, kind) for trigger in graph.triggers) > 1:
            yield PipelineError(f"{who} has two triggers of the kind {kind.__name__}", hint="list all branches and paths in one")
    yield from _check_same_schedules(graph, who)
    for trigger in graph.triggers:
        if isinstance(trigger, Schedule):
            yield from _check_schedule(trigger, who)
        elif isinstance(trigger, (Push, PullRequest)):
            for glob in (*trigger.branches, *trigger.paths):
                if not glob or _text_problem(glob):
                    yield PipelineError(
                        f"{who} is triggered by {glob!r}, which is no glob of branches or paths", hint="as 'main' or 'data/**'"
                    )


def _check_unattended(graph: Graph, who: str) -> Iterator[OrchError]:
    names = {"schedule": Schedule, "push": Push, "pull_request": PullRequest}
    unattended = [name for name, kind in names.items() if any(isinstance(trigger, kind) for trigger in graph.triggers)]
    if unattended:
        for parameter in graph.parameters:
            if parameter.required:
                events = " and ".join(unattended)
                message = f"parameter {parameter.name!r} of {who} has no default, and on {events} nobody gives it a value"
                yield PipelineError(message, hint="give it a default in the signature")


def _check_names(graph: Graph) -> Iterator[OrchError]:
    seen: dict[str, str] = {}
    for parameter in graph.parameters:
        if not _INPUT_ID.fullmatch(parameter.name):
            yield PipelineError(f"parameter {parameter.name!r} is not a name that GitHub takes", hint="ASCII letters, digits and '_'")
        if (other := seen.setdefault(parameter.name.lower(), parameter.name)) != parameter.name:
            yield PipelineError(f"parameters {other!r} and {parameter.name!r} are one to GitHub, which ignores case", hint="rename one")


def _check_parameter(parameter: Parameter) -> Iterator[OrchError]:
    who = f"parameter {parameter.name!r}"
    for text in (parameter.type.text, *parameter.type.choices):
        if problem := _text_problem(text):
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
    if isinstance(value, str) and (problem := _text_problem(value)):
        yield PipelineError(f"{told}, {problem}", hint="read it from a file")
    elif value == "" and parameter.type.optional:
        yield PipelineError(f"{told}, which GitHub's form cannot tell from None", hint="make the default None, or the type str")
    elif isinstance(value, float) and not math.isfinite(value):
        yield PipelineError(f"{told}, which is no number to GitHub", hint="make it `float | None` with the default None")
    elif isinstance(value, int) and abs(value) > EXACT_INT:
        yield PipelineError(f"{told}, GitHub's numbers are exact up to {EXACT_INT}", hint="make it a str")


def _text_problem(text: str) -> str | None:
    if not is_plain(text):
        return "which GitHub would read as an expression"
    if any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 or 0xD800 <= ord(character) < 0xE000 for character in text):
        return "which holds a line break or another character that GitHub's form does not keep"
    return None


def _check_same_schedules(graph: Graph, who: str) -> Iterator[OrchError]:
    """Of what started a run, GitHub says the cron expression alone."""
    seen: dict[str, Schedule] = {}
    for schedule in graph.triggers:
        if isinstance(schedule, Schedule) and not check_cron(schedule.cron_expression):
            written = scattered(schedule.cron_expression, graph.pipeline)
            if other := seen.get(written):
                pair = f"{other.cron_expression!r} ({other.timezone}) and {schedule.cron_expression!r} ({schedule.timezone})"
                hint = f"move one by a minute: GitHub has both as {written!r}, and a job could not tell which it is for"
                yield PipelineError(f"{who} has the schedules {pair}, which are one to its jobs", hint=hint)
            seen[written] = schedule


def _check_schedule(schedule: Schedule, who: str) -> Iterator[OrchError]:
    cron = schedule.cron_expression
    if problem := check_cron(cron):
        yield PipelineError(f"{who} has the schedule {cron!r}: {problem[0]}", hint=problem[1])
    try:
        zoneinfo.ZoneInfo(schedule.timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        # Without a data base of time zones (Windows without tzdata) nothing can be said, and GitHub will.
        if zoneinfo.available_timezones():
            yield PipelineError(f"{who} has the time zone {schedule.timezone!r}, which does not exist", hint="as 'Europe/Berlin'")
