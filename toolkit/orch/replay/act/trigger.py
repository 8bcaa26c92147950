"""The event that starts a run under act: a dispatch with inputs, or a payload that the user has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from orch.errors import UsageError
from orch.model import canonical, dates
from orch.model.canonical import Json
from orch.model.graph import Graph
from orch.model.parameters import Kind, ParameterType
from orch.model.triggers import WorkflowCall, event_of
from orch.names import LOGICAL_DATE_INPUT, PARAMETERS_INPUT
from orch.orchestrators.github.inputs import with_field

DISPATCH: Final = "workflow_dispatch"
# What only the payload of that event holds: https://docs.github.com/webhooks/webhook-events-and-payloads
_TELLTALES: Final = {
    "pull_request": "pull_request",
    "merge_group": "merge_group",
    "client_payload": "repository_dispatch",
    "schedule": "schedule",
    "commits": "push",
    "head_commit": "push",
    "pusher": "push",
}
_OF_A_DISPATCH: Final = frozenset(("inputs", "ref", "workflow", "repository", "sender", "organization", "enterprise", "installation"))


@dataclass(frozen=True, slots=True)
class Trigger:
    event: str
    payload: Json

    @property
    def inputs(self) -> Mapping[str, Json]:
        """What gives the run its parameters."""
        place = {DISPATCH: "inputs", "repository_dispatch": "client_payload"}.get(self.event, "")
        return self.payload.get(place) or {}


def dispatch(graph: Graph, values: Mapping[str, object], logical_date: str | None = None) -> Trigger:
    """A dispatch by hand with `values` (of their types) in its form; raises UsageError for a date that is none."""
    inputs = _inputs(graph, values)
    if logical_date is not None:
        if not dates.has_schedule(graph.triggers):
            hint = "give it a schedule, or a parameter for the date"
            raise UsageError(f"pipeline {graph.pipeline!r} has no schedule, and its jobs have no logical date", hint=hint)
        inputs[LOGICAL_DATE_INPUT] = dates.parse(logical_date, dates.zone_of(graph.triggers)).isoformat()
    return Trigger(DISPATCH, {"inputs": inputs, "ref": "refs/heads/main"})


def _inputs(graph: Graph, values: Mapping[str, object], given: Mapping[str, Json] = MappingProxyType({})) -> dict[str, Json]:
    """`values` as the form holds them, over what was `given`."""
    own = {parameter.name for parameter in with_field(graph)[0]}
    inputs = dict(given) | {name: as_input(graph.parameter(name).type, value) for name, value in values.items() if name in own}
    listed = {name: value for name, value in values.items() if name not in own}
    if listed:
        try:
            inputs[PARAMETERS_INPUT] = canonical.dumps(json.loads(inputs.get(PARAMETERS_INPUT) or "{}") | listed)
        except (ValueError, TypeError) as error:
            hint = "give a number, or a default to fall back to"
            raise UsageError(f"the input {PARAMETERS_INPUT!r}, which is JSON, cannot hold {listed!r}: {error}", hint=hint) from error
    return inputs


def as_input(kind: ParameterType, value: object) -> Json:
    """A value as the payload of a dispatch holds it: the text of a form's field, of a checkbox, too. (Of true itself, act makes false.)"""
    if isinstance(value, bool) and kind.kind is Kind.BOOL:
        return "true" if value else "false"
    if value is None and kind.optional:
        return ""
    if kind.kind is Kind.JSON:
        return canonical.dumps(value)
    return value if isinstance(value, str) else repr(value)


def of_payload(payload: Any, values: Mapping[str, object], graph: Graph) -> Trigger:
    """The event that `payload` is of, with `values` over its inputs. Raises UsageError if it does not start this workflow."""
    if not isinstance(payload, dict):
        raise UsageError("the event's payload is not a JSON object", hint="GitHub's payload of the event, as in github.event")
    event = next((event for key, event in _TELLTALES.items() if key in payload), DISPATCH)
    starts = sorted({DISPATCH, *_events(graph)})
    if event == DISPATCH and (foreign := sorted(payload.keys() - _OF_A_DISPATCH)):
        told = f"the payload has {', '.join(map(repr, foreign))}, so it is of an event that does not start {graph.pipeline!r}"
        raise UsageError(told, hint=f"{', '.join(starts)} do")
    if event not in starts:
        raise UsageError(f"the payload is of the event {event!r}, which does not start {graph.pipeline!r}", hint=f"{', '.join(starts)} do")
    if event != DISPATCH:
        if values:
            raise UsageError(f"--set goes with a dispatch, the payload is of the event {event!r}", hint="remove --set or --event")
        return Trigger(event, payload)
    return Trigger(event, payload | {"inputs": _inputs(graph, values, payload.get("inputs") or {})})


def _events(graph: Graph) -> list[str]:
    return [event_of(trigger) for trigger in graph.triggers if not isinstance(trigger, WorkflowCall)]
