"""A pipeline's triggers as the `on:` of its workflow."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from orch.errors import OrchError, PipelineError
from orch.model import globs
from orch.model.cron import scattered
from orch.model.graph import Graph
from orch.model.notices import url_secrets
from orch.model.triggers import FILTERED, MergeGroup, PullRequest, Push, RepositoryDispatch, Schedule, WorkflowCall, event_of
from orch.names import RESULT_JOB
from orch.orchestrators.github.by_hand import secrets_by_hand
from orch.orchestrators.github.cron import check_cron
from orch.orchestrators.github.inputs import check_inputs, inputs_of, text_problem
from orch.workflow.expressions import Context, interpolate
from orch.workflow.model import Called, CalledOutput, Cron, Dispatch, Filter, Input, Sent, Triggers

_OF_CALLS: Final = ("string", "number", "boolean")
_UNATTENDED: Final = ("schedule", "push", "pull_request", "merge_group")
_ROOTED: Final = re.compile(r"^(!?)\.?/+")
_LONGEST_TYPE: Final = 100  # https://docs.github.com/rest/repos/repos#create-a-repository-dispatch-event
# What the result job says to a workflow that calls this one: references and never data.
_RESULT_OUTPUTS: Final = {
    "state": "how the run ended, as succeeded or failed",
    "run-artifact": "the artifact with the record of the run",
    "artifacts": "the artifacts with the outputs of steps, as a JSON object by step",
}


def triggers_of(graph: Graph, more: Mapping[str, Input] = MappingProxyType({})) -> Triggers:
    """What starts the workflow of `graph`, which has passed `check_triggers`: always a person, and what it asks for, with `more` fields."""
    schedules = [trigger for trigger in graph.triggers if isinstance(trigger, Schedule)]
    # Not with `paths`: GitHub would start no run, and a check that is required would wait for one. The plan job looks at them.
    filters = {trigger.TYPE: Filter(tuple(trigger.branches)) for trigger in graph.triggers if isinstance(trigger, FILTERED)}
    types = [each for trigger in graph.triggers if isinstance(trigger, RepositoryDispatch) for each in trigger.types]
    is_called = any(isinstance(trigger, WorkflowCall) for trigger in graph.triggers)
    return Triggers(
        workflow_dispatch=Dispatch(inputs_of(graph) | dict(more)),
        workflow_call=_called(graph) if is_called else None,
        repository_dispatch=Sent(tuple(dict.fromkeys(types))) if types else None,
        push=filters.get("push"),
        pull_request=filters.get("pull_request"),
        merge_group=filters.get("merge_group"),
        schedule=tuple(_cron(schedule, graph.pipeline) for schedule in schedules),
    )


def scatter_notes(graph: Graph) -> Iterator[str]:
    """For the file's header: which cron lines stand there otherwise than they were written, and why."""
    for trigger in graph.triggers:
        if isinstance(trigger, Schedule) and (cron := scattered(trigger.cron_expression, graph.pipeline)) != trigger.cron_expression:
            yield f"The schedule {trigger.cron_expression!r} starts at minute {cron.split()[0]}: at minute 0 GitHub is late most of all."


def _called(graph: Graph) -> Called:
    """The same inputs in the three types that a called workflow knows, and the secrets that its caller hands over."""
    inputs = {
        name: given if given.type in _OF_CALLS else replace(given, type="string", options=()) for name, given in inputs_of(graph).items()
    }
    secrets = {*url_secrets(graph.notices), *secrets_by_hand(graph), *(secret for step in graph.steps for secret in step.settings.secrets)}
    outputs = {
        name: CalledOutput(interpolate(Context(("jobs", RESULT_JOB, "outputs", name))), said) for name, said in _RESULT_OUTPUTS.items()
    }
    return Called(inputs, tuple(sorted(secrets - {"GITHUB_TOKEN"})), outputs)  # that one every workflow has


def result_outputs(graph: Graph) -> dict[str, str]:
    """The outputs of the result job, where somebody can read them."""
    is_called = any(isinstance(trigger, WorkflowCall) for trigger in graph.triggers)
    names = list(_RESULT_OUTPUTS) if is_called else ["state"] if graph.notices else []
    return {name: interpolate(Context(("steps", "result", "outputs", name))) for name in names}


def _cron(schedule: Schedule, pipeline: str) -> Cron:
    return Cron(scattered(schedule.cron_expression, pipeline), "" if schedule.timezone == "UTC" else schedule.timezone)


# --- what GitHub cannot do ---


def check_triggers(graph: Graph) -> Iterator[OrchError]:
    """Every reason why GitHub could not start `graph` with the values that the pipeline expects."""
    who = f"pipeline {graph.pipeline!r}"
    yield from _check_unattended(graph, who)
    yield from check_inputs(graph)
    for kind in FILTERED:
        if sum(isinstance(trigger, kind) for trigger in graph.triggers) > 1:
            yield PipelineError(f"{who} has two triggers of the kind {kind.__name__}", hint="list all branches and paths in one")
    yield from _check_same_schedules(graph, who)
    for trigger in graph.triggers:
        if isinstance(trigger, Schedule):
            yield from _check_schedule(trigger, who)
        elif isinstance(trigger, FILTERED):
            yield from _check_filter(trigger, who)
        elif isinstance(trigger, RepositoryDispatch):
            yield from _check_types(trigger, who)


def _check_filter(trigger: Push | PullRequest | MergeGroup, who: str) -> Iterator[OrchError]:
    for name, patterns in (("branches", trigger.branches), ("paths", trigger.paths)):
        text = next((f"{glob!r}, {found}" for glob in patterns if (found := text_problem(glob))), None)
        if told := text or globs.problem(patterns):
            yield PipelineError(f"{who} is triggered by {name} of which {told}", hint="as 'main' or 'data/**'")
    for glob in trigger.paths:
        if (bare := _ROOTED.sub(r"\1", glob)) != glob:  # GitHub would wait for such a path, and there is none
            message = f"{who} is triggered by paths of which {glob!r} fits none: they begin at the root of the repository, without a '/'"
            yield PipelineError(message, hint=f"write {bare!r}" if bare else "leave paths out for all of them")


def _check_types(trigger: RepositoryDispatch, who: str) -> Iterator[OrchError]:
    hint = 'as RepositoryDispatch(types=["data-arrived"])'
    if not trigger.types:
        yield PipelineError(f"{who} is triggered by a RepositoryDispatch of no types, which would be every event", hint=hint)
    for name in trigger.types:
        if not name or len(name) > _LONGEST_TYPE or text_problem(name):
            yield PipelineError(
                f"{who} is triggered by the type {name!r}, which GitHub does not take: 1 to {_LONGEST_TYPE} characters", hint=hint
            )


def _check_unattended(graph: Graph, who: str) -> Iterator[OrchError]:
    unattended = [event for event in _UNATTENDED if event in set(map(event_of, graph.triggers))]
    if unattended:
        for parameter in graph.parameters:
            if parameter.required:
                events = " and ".join(unattended)
                message = f"parameter {parameter.name!r} of {who} has no default, and on {events} nobody gives it a value"
                yield PipelineError(message, hint="give it a default in the signature")


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
