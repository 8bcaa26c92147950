"""The jobs of a pipeline's workflow: one per step, and the one at the end that says how the run went."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from orch.errors import LimitError, OrchError, PipelineError, UnsupportedError
from orch.model import dates
from orch.model.graph import Graph
from orch.model.steps import Step
from orch.names import NOTIFY_JOB, PLAN_JOB, RESULT_JOB
from orch.orchestrators.github.conditions import job_condition
from orch.orchestrators.github.inputs import handed_over
from orch.orchestrators.github.modes import mode_permissions
from orch.orchestrators.github.notify_job import check_notices, notify_job
from orch.orchestrators.github.pins import Pins
from orch.orchestrators.github.plan_job import cache_mode, decision_inputs, looks_itself, plan_job, plan_reasons
from orch.orchestrators.github.reduction import reduced_needs
from orch.orchestrators.github.runners import check_runner, is_hosted, runner_for
from orch.orchestrators.github.secrets import secret_problem
from orch.orchestrators.github.triggers import result_outputs
from orch.stacks.settings import Retention, Settings
from orch.workflow.expressions import ALWAYS, Context, interpolate, to_json
from orch.workflow.model import ActionRef, Job, Permission, Uses

# For a step that names no timeout: GitHub's own default of six hours is a costly way to learn that a step hangs.
DEFAULT_MINUTES: Final = 60
# What a job takes besides its step: checkout, environment, inputs, outputs.
MARGIN_MINUTES: Final = 10
RESULT_MINUTES: Final = 10
HOSTED_MINUTES: Final = 360
SELF_HOSTED_MINUTES: Final = 7200

_TARGETS: Final = (None, "local", "github")

_ACTION_DEFAULTS: Final = Retention()  # our action.yml has the same; a test compares them
_READ_CODE: Final = Permission("contents")
_LOGICAL_DATE: Final = interpolate(Context(("needs", PLAN_JOB, "outputs", "logical-date")))
_NEEDS: Final = interpolate(to_json(Context(("needs",))))


def jobs_of(graph: Graph, settings: Settings, pins: Pins) -> dict[str, Job]:
    """The jobs by id, in the order of the steps; `graph` has passed `check_steps`."""
    needs = reduced_needs(graph)
    action = pins.own_action(settings.action)
    checkout = Uses(pins["actions/checkout"], {"persist-credentials": False}, name="Check out")
    first = {PLAN_JOB: plan_job(graph, settings, checkout, action)} if plan_reasons(graph, settings) else {}
    jobs = {step.id: _step_job(graph, step, (*first, *needs[step.id]), settings, checkout, action) for step in graph.steps}
    last = {NOTIFY_JOB: notify_job(graph, settings, checkout, action)} if graph.notices else {}
    return first | jobs | {RESULT_JOB: _result_job(graph, settings, checkout, action, tuple(first))} | last


def _step_job(graph: Graph, step: Step, needs: tuple[str, ...], settings: Settings, checkout: Uses, action: ActionRef) -> Job:
    runner = runner_for(step, settings.all_runners)
    assert runner is not None  # check_steps
    inputs = {"pipeline": graph.pipeline, "step": step.id}
    permissions = [_READ_CODE]
    if step.producers:
        names = sorted(step.producers)
        inputs["inputs"] = names[0] if len(names) == 1 else "{" + ",".join(names) + "}"
        permissions.append(Permission("actions", reason="to read artifacts of earlier attempts"))
    elif looks_itself(graph, step, settings):
        permissions.append(Permission("actions", reason="to read artifacts of earlier runs"))
    permissions += mode_permissions(graph.execution_mode)
    if step.parameters:
        inputs |= handed_over(graph)
    if dates.has_schedule(graph.triggers):
        inputs["logical-date"] = _LOGICAL_DATE
    inputs |= decision_inputs(graph, step, settings)
    if settings.pickle != "allow":  # the default of our action
        inputs["pickle"] = settings.pickle
    inputs |= _retention(step, settings.retention)
    return Job(
        name=step.id,
        permissions=tuple(permissions),
        needs=needs,
        condition=job_condition(step.condition, needs, planned=step.id if PLAN_JOB in needs else ""),
        runs_on=runner.label,
        environment={secret: interpolate(Context(("secrets", secret))) for secret in sorted(step.settings.secrets)},
        steps=(checkout, Uses(action, inputs, name="Run")),
        timeout_minutes=job_minutes(step),
    )


def _result_job(graph: Graph, settings: Settings, checkout: Uses, action: ActionRef, first: tuple[str, ...]) -> Job:
    inputs = {"pipeline": graph.pipeline, "needs": _NEEDS}
    inputs |= handed_over(graph) | _record_retention(settings.retention)
    told = result_outputs(graph)
    if (mode := cache_mode(graph, settings)) != "off":
        inputs["cache"] = mode
    return Job(
        name=f"{graph.pipeline} / result",
        permissions=(_READ_CODE, Permission("actions", reason="to read artifacts of earlier attempts")),
        # All jobs and not the last ones alone: it fails on any that failed or was cancelled.
        needs=(*first, *(step.id for step in graph.steps)),
        # The one place for always(): branch protection requires this job, and a required check that is skipped,
        # as it would be below a failed or cancelled job, counts as passed.
        condition=interpolate(ALWAYS),
        runs_on=settings.result_runner,
        outputs=told,
        steps=(checkout, Uses(action.within("actions/result"), inputs, name="Result", id="result" if told else "")),
        timeout_minutes=RESULT_MINUTES,
    )


def _retention(step: Step, retention: Retention) -> dict[str, str]:
    """Days as inputs of our action, where they differ from its own defaults."""
    days = retention.keep if step.settings.keep else retention.outputs
    outputs = {"retention-days": str(days)} if days != _ACTION_DEFAULTS.outputs else {}
    return outputs | _record_retention(retention)


def _record_retention(retention: Retention) -> dict[str, str]:
    return {"record-retention-days": str(retention.records)} if retention.records != _ACTION_DEFAULTS.records else {}


def job_minutes(step: Step) -> int:
    """When the step's job ends at the latest: all tries of the step, the waits between them, and a margin."""
    timeout, retry = step.settings.timeout, step.settings.retry
    if timeout is None:
        return DEFAULT_MINUTES
    total = timeout
    if retry:
        total += sum(timeout + retry.delay * retry.backoff**number for number in range(retry.max_retries))
    return math.ceil(total / 60) + MARGIN_MINUTES


# --- what GitHub or this version cannot do ---


def check_steps(graph: Graph, settings: Settings) -> Iterator[OrchError]:
    """Every step that has no place in a workflow, and why."""
    yield from check_notices(graph)
    runners = settings.all_runners
    secrets: dict[str, str] = {}
    for step in graph.steps:
        if step.settings.target not in _TARGETS:
            known = ", ".join(repr(target) for target in _TARGETS if target)
            yield UnsupportedError(f"step {step.id!r} has the target {step.settings.target!r}", hint=f"targets are {known}")
        if problem := check_runner(step, runners):
            yield problem
        yield from _check_timeout(step, settings)
        for secret in step.settings.secrets:
            if problem := secret_problem(f"step {step.id!r}", secret):
                yield problem
            elif (other := secrets.setdefault(secret.upper(), secret)) != secret:
                message = f"secrets {other!r} and {secret!r}, which step {step.id!r} wants, are one to GitHub, which ignores case"
                yield PipelineError(message, hint="write it in one way")


def _check_timeout(step: Step, settings: Settings) -> Iterator[OrchError]:
    runner = runner_for(step, settings.all_runners)
    limit = HOSTED_MINUTES if runner and is_hosted(runner) else SELF_HOSTED_MINUTES
    minutes = job_minutes(step)
    if runner and minutes > limit:
        retries = f" with {step.settings.retry.max_retries} retries" if step.settings.retry else ""
        hint = "shorten timeout= or retry=" + (", or ask for resources= of a runner of your own" if is_hosted(runner) else "")
        message = f"step {step.id!r} may take {minutes} minutes{retries}, a job on {runner.label!r} ends after {limit}"
        yield LimitError(message, hint=hint)
