"""The jobs of a pipeline's workflow: one per step, and the one at the end that says how the run went."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from orch.errors import LimitError, OrchError, PipelineError, UnsupportedError
from orch.model import dates
from orch.model.graph import Graph
from orch.model.steps import Step
from orch.names import NOTIFY_JOB, PLAN_JOB, RESULT_JOB, legs_job
from orch.orchestrators.github.branches import Branches, check_choices
from orch.orchestrators.github.by_hand import check_by_hand, with_by_hand
from orch.orchestrators.github.conditions import job_condition
from orch.orchestrators.github.durations import HOSTED_MINUTES, SELF_HOSTED_MINUTES, job_minutes
from orch.orchestrators.github.fan_out import LEGS, FanOut, check_fans, legs_job_of
from orch.orchestrators.github.inputs import handed_over
from orch.orchestrators.github.modes import check_mode, mode_permissions
from orch.orchestrators.github.no_cache import unless_asked
from orch.orchestrators.github.notify_job import check_notices, notify_job
from orch.orchestrators.github.packs import graph_of_jobs
from orch.orchestrators.github.pins import Pins
from orch.orchestrators.github.plan_job import cache_mode, cacheable, decision_inputs, looks_itself, narrowed_steps, plan_job, plan_reasons
from orch.orchestrators.github.runners import check_runner, is_hosted, runner_for
from orch.orchestrators.github.secrets import secret_problem
from orch.orchestrators.github.triggers import result_outputs
from orch.stacks.settings import Retention, Settings
from orch.workflow.expressions import ALWAYS, Context, interpolate, to_json
from orch.workflow.model import ActionRef, Job, Permission, Uses

RESULT_MINUTES: Final = 10

_TARGETS: Final = (None, "local", "github")

_ACTION_DEFAULTS: Final = Retention()  # our action.yml has the same; a test compares them
_READ_CODE: Final = Permission("contents")
_LOGICAL_DATE: Final = interpolate(Context(("needs", PLAN_JOB, "outputs", "logical-date")))
_NEEDS: Final = interpolate(to_json(Context(("needs",))))


def jobs_of(graph: Graph, settings: Settings, pins: Pins) -> dict[str, Job]:
    """The jobs by id, in the order of the steps; `graph` has passed `check_steps`."""
    action = pins.own_action(settings.action)
    checkout = Uses(pins["actions/checkout"], {"persist-credentials": False}, name="Check out")
    first = {PLAN_JOB: plan_job(graph, settings, checkout, action)} if plan_reasons(graph, settings) else {}
    settings = replace(settings, cache=cache_mode(graph, settings))  # looked up once, and not for every step
    fans = FanOut(graph, has_plan=bool(first), narrowed=narrowed_steps(graph, settings))
    taken = [step.id for step in cacheable(graph)] if settings.cache == "plan" else []
    branches = Branches(graph, has_plan=bool(first), cacheable=taken)
    may_skip = bool(first) or fans.may_skip or branches.may_skip
    needs = branches.needs(fans.needs(), {step.id for step in graph.steps if not fans.is_empty(step)})
    jobs: dict[str, Job] = {}
    for step in graph.steps:
        if fans.has_counting_job(step):
            jobs[legs_job(step.id)] = legs_job_of(fans, step, settings, checkout, action)
        if not fans.is_empty(step):
            job = _step_job(fans, branches, step, (*first, *needs[step.id]), settings, checkout, action)
            # Where no job is skipped by choice, GitHub's own condition says it all: everything before it has succeeded.
            jobs[step.id] = job if may_skip else replace(job, condition="")
    last = {NOTIFY_JOB: notify_job(graph, settings, checkout, action)} if graph.notices else {}
    return first | jobs | {RESULT_JOB: _result_job(graph, settings, checkout, action, (*first, *jobs))} | last


def _step_job(
    fans: FanOut, branches: Branches, step: Step, needs: tuple[str, ...], settings: Settings, checkout: Uses, action: ActionRef
) -> Job:
    graph = fans.graph
    runner = runner_for(step, settings.all_runners)
    assert runner is not None  # check_steps
    inputs = {"pipeline": graph.pipeline, "step": step.id}
    permissions = [_READ_CODE]
    if step.producers:
        names = fans.pattern(step)
        inputs["inputs"] = names[0] if len(names) == 1 else "{" + ",".join(names) + "}"
        permissions.append(Permission("actions", reason="to read artifacts of earlier attempts"))
    elif looks_itself(graph, step, settings):
        permissions.append(Permission("actions", reason="to read artifacts of earlier runs"))
    permissions += mode_permissions(graph.execution_mode)
    if step.parameters:
        inputs |= handed_over(graph)
    inputs |= branches.inputs(step)
    if dates.has_schedule(graph.triggers):
        inputs["logical-date"] = _LOGICAL_DATE
    inputs |= decision_inputs(graph, step, settings)
    if settings.pickle != "allow":  # the default of our action
        inputs["pickle"] = settings.pickle
    inputs |= fans.inputs(step) | _retention(step, settings.retention)
    outputs = ({LEGS: interpolate(Context(("steps", "run", "outputs", LEGS)))} if fans.tells(step) else {}) | branches.outputs(step)
    job = Job(
        name=step.id,
        permissions=tuple(permissions),
        needs=needs,
        condition=job_condition(
            fans.condition(step),
            needs,
            planned=step.id if fans.has_plan else "",
            skippable=branches.skippable,
            empty=fans.empty(step),
            also=(*branches.guard(step), *fans.guard(step)),
        ),
        runs_on=runner.label,
        environment={secret: interpolate(Context(("secrets", secret))) for secret in sorted(step.settings.secrets)},
        steps=(checkout, Uses(action, inputs, name="Run", id="run" if outputs else "")),
        outputs=outputs,
        strategy=fans.strategy(step) if step.fan else None,
        timeout_minutes=fans.minutes(step, job_minutes(step)),
    )
    return with_by_hand(job, step)


def _result_job(graph: Graph, settings: Settings, checkout: Uses, action: ActionRef, needs: tuple[str, ...]) -> Job:
    inputs = {"pipeline": graph.pipeline, "needs": _NEEDS}
    inputs |= handed_over(graph) | _record_retention(settings.retention)
    told = result_outputs(graph)
    if (mode := cache_mode(graph, settings)) != "off":
        inputs["cache"] = unless_asked(graph, settings, "asked", mode)
    return Job(
        name=f"{graph.pipeline} / result",
        permissions=(_READ_CODE, Permission("actions", reason="to read artifacts of earlier attempts")),
        # All jobs and not the last ones alone: it fails on any that failed or was cancelled.
        needs=needs,
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


# --- what GitHub or this version cannot do ---


def check_steps(graph: Graph, settings: Settings) -> Iterator[OrchError]:
    """Every step that has no place in a workflow, and why."""
    yield from check_notices(graph)
    yield from check_by_hand(graph)
    yield from check_mode(graph)
    runners = settings.all_runners
    secrets: dict[str, str] = {}
    yield from check_fans(graph)
    yield from _check_packs(graph, settings)
    yield from check_choices(graph)
    for step in graph.steps:
        if step.settings.target not in _TARGETS:
            yield _unknown_target(step)
        if problem := check_runner(step, runners):
            yield problem
        yield from _check_timeout(step, settings)
        for secret in step.settings.secrets:
            if unnamable := secret_problem(f"step {step.id!r}", secret):
                yield unnamable
            elif (other := secrets.setdefault(secret.upper(), secret)) != secret:
                message = f"secrets {other!r} and {secret!r}, which step {step.id!r} wants, are one to GitHub, which ignores case"
                yield PipelineError(message, hint="write it in one way")


def _unknown_target(step: Step) -> OrchError:
    if step.settings.target == "docker":
        image = step.settings.docker and step.settings.docker.parent_image
        message = f"step {step.id!r} has the target 'docker', which jobs of a workflow do not have yet"
        hint = f"run its job in the image with github={{'container': {image or 'IMAGE'!r}}}, or the pipeline with `orch run`"
        return UnsupportedError(message, hint=hint)
    known = ", ".join(repr(target) for target in _TARGETS if target)
    return UnsupportedError(f"step {step.id!r} has the target {step.settings.target!r}", hint=f"targets are {known}")


def _check_packs(graph: Graph, settings: Settings) -> Iterator[OrchError]:
    """What the steps of a pack may take together."""
    heads = {pack[0] for pack in graph.packs}
    for job in graph_of_jobs(graph).steps if heads else ():
        if job.id in heads:
            yield from _check_timeout(job, settings)


def _check_timeout(step: Step, settings: Settings) -> Iterator[OrchError]:
    runner = runner_for(step, settings.all_runners)
    limit = HOSTED_MINUTES if runner and is_hosted(runner) else SELF_HOSTED_MINUTES
    minutes = job_minutes(step)
    if runner and minutes > limit:
        retries = f" with {step.settings.retry.max_retries} retries" if step.settings.retry else ""
        hint = "shorten timeout= or retry=" + (", or ask for resources= of a runner of your own" if is_hosted(runner) else "")
        message = f"step {step.id!r} may take {minutes} minutes{retries}, a job on {runner.label!r} ends after {limit}"
        yield LimitError(message, hint=hint)
