"""A pipeline's triggers as the `on:` of its workflow."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from orch.errors import OrchError, PipelineError
from orch.model.cron import scattered
from orch.model.graph import Graph
from orch.model.triggers import PullRequest, Push, Schedule, WorkflowCall
from orch.orchestrators.github.cron import check_cron
from orch.orchestrators.github.inputs import check_inputs, inputs_of, text_problem
from orch.workflow.model import Called, Cron, Dispatch, Filter, Triggers

_OF_CALLS: Final = ("string", "number", "boolean")


def triggers_of(graph: Graph) -> Triggers:
    """What starts the workflow of `graph`, which has passed `check_triggers`: always a person, and what it asks for."""
    schedules = [trigger for trigger in graph.triggers if isinstance(trigger, Schedule)]
    push = next((trigger for trigger in graph.triggers if isinstance(trigger, Push)), None)
    pull_request = next((trigger for trigger in graph.triggers if isinstance(trigger, PullRequest)), None)
    is_called = any(isinstance(trigger, WorkflowCall) for trigger in graph.triggers)
    return Triggers(
        workflow_dispatch=Dispatch(inputs_of(graph)),
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


def _called(graph: Graph) -> Called:
    """The same inputs in the three types that a called workflow knows, and the secrets that its caller hands over."""
    inputs = {
        name: given if given.type in _OF_CALLS else replace(given, type="string", options=()) for name, given in inputs_of(graph).items()
    }
    secrets = dict.fromkeys(secret for step in graph.steps for secret in step.settings.secrets)
    return Called(inputs, tuple(sorted(set(secrets) - {"GITHUB_TOKEN"})))  # that one every workflow has


def _cron(schedule: Schedule, pipeline: str) -> Cron:
    return Cron(scattered(schedule.cron_expression, pipeline), "" if schedule.timezone == "UTC" else schedule.timezone)


# --- what GitHub cannot do ---


def check_triggers(graph: Graph) -> Iterator[OrchError]:
    """Every reason why GitHub could not start `graph` with the values that the pipeline expects."""
    who = f"pipeline {graph.pipeline!r}"
    yield from _check_unattended(graph, who)
    yield from check_inputs(graph)
    for kind in (Push, PullRequest):
        if sum(isinstance(trigger, kind) for trigger in graph.triggers) > 1:
            yield PipelineError(f"{who} has two triggers of the kind {kind.__name__}", hint="list all branches and paths in one")
    yield from _check_same_schedules(graph, who)
    for trigger in graph.triggers:
        if isinstance(trigger, Schedule):
            yield from _check_schedule(trigger, who)
        elif isinstance(trigger, (Push, PullRequest)):
            for glob in (*trigger.branches, *trigger.paths):
                if not glob or text_problem(glob):
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
