"""What jobs of steps may do beyond the least: permissions of their token, and environments of the repository that ask somebody first.

GitHub asks for each job of an environment when its turn comes, so three jobs may ask three times. Steps that deploy to one share
a gate: one job that is in the environment, asks once, and that theirs wait for. What an environment keeps, its secrets and its
name in the subject of OIDC tokens, only a job gets that is in it itself: so the job of a step that has secrets or `id-token` is,
and asks for itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from orch.errors import OrchError, PipelineError
from orch.model.graph import Graph
from orch.model.parameters import Kind
from orch.model.steps import Step
from orch.names import PLAN_JOB, RESULT_JOB, chosen_gate_job, gate_job
from orch.workflow.expressions import Context, Member, from_json, interpolate, is_plain, need_succeeded, render
from orch.workflow.model import AREAS, Job, Permission, Run

_GATE_MINUTES: Final = 5  # of its own; GitHub waits 30 days for an answer, and does not count them
_LONGEST: Final = 255
_GUARD: Final = "!cancelled() && !failure()"


def granted(graph: Graph, jobs: Mapping[str, Job], runner: str) -> dict[str, Job]:
    """`jobs` with what their steps ask for, and the gates before them; `graph` has passed `check_grants`."""
    made = dict(jobs)
    may_skip = any(jobs[step.id].condition for step in graph.steps if step.id in jobs)  # else GitHub's own condition is enough
    gated: dict[str, tuple[str, str, list[str]]] = {}  # gate -> its name, its environment, and whom it is before
    for step in graph.steps:
        if step.id in made:
            made[step.id] = _granted(step, made[step.id])
            if (environment := _environment(step)) and not made[step.id].deployment:
                gate, name = gate_of(step)
                gated.setdefault(gate, (name, environment, []))[2].append(step.id)
    for gate, (name, environment, steps) in gated.items():
        made = {gate: _gate(name, environment, steps, made, runner, _members(graph, steps))} | {
            each: job if each not in steps else _behind(gate, job) if may_skip else replace(job, needs=(*job.needs, gate))
            for each, job in made.items()
        }
        made[RESULT_JOB] = replace(made[RESULT_JOB], needs=(*made[RESULT_JOB].needs, gate))
    return _in_order(made, list(jobs))


def _granted(step: Step, job: Job) -> Job:
    asked = tuple(
        Permission(area, "write" if access == "write" else "read", "the step asks for it") for area, access in step.settings.permissions
    )
    job = replace(job, permissions=(*job.permissions, *asked))
    needs_it_itself = set(step.settings.secrets) - {"GITHUB_TOKEN"} or "id-token" in dict(step.settings.permissions)
    return replace(job, deployment=_environment(step)) if needs_it_itself else job


def gate_of(step: Step) -> tuple[str, str]:
    """The job that asks before `step` deploys, and what it is called."""
    if step.settings.deploys_by is not None:
        return chosen_gate_job(step.settings.deploys_by), step.settings.deploys_by
    return gate_job(step.settings.deploys_to or ""), step.settings.deploys_to or ""


def _environment(step: Step) -> str:
    """Of GitHub, empty for none. One that a parameter chooses is read from the plan job, which has checked that it is one of the choices:
    GitHub makes environments that there are not, and nobody is asked for those."""
    if step.settings.deploys_by is None:
        return step.settings.deploys_to or ""
    said = from_json(Context(("needs", PLAN_JOB, "outputs", "environments")))
    return interpolate(Member(said, step.settings.deploys_by))


def _behind(gate: str, job: Job) -> Job:
    passed = render(need_succeeded(gate))
    asked = _inner(job.condition) if job.condition else _GUARD
    return replace(job, needs=(*job.needs, gate), condition=f"${{{{ {asked} && {passed} }}}}")


def _gate(who: str, environment: str, steps: list[str], jobs: Mapping[str, Job], runner: str, members: list[str]) -> Job:
    """It asks once all that the first of its steps wait for has ended well, and only if one is to run, as far as that is known then.

    Where some of that failed, it asks for none of them: their jobs stand below the failed one by way of the gate. Who is asked
    reads of all `members`: jobs may be of several steps.
    """
    below = _below(set(steps), jobs)
    first = [step for step in steps if step not in below]
    needs = tuple(dict.fromkeys(need for step in first for need in jobs[step].needs))
    conditions = list(dict.fromkeys(_inner(jobs[step].condition) for step in first))
    if not any(conditions):
        condition = ""
    elif len(first) < len(steps) or not all(conditions):  # a later one may have to run where the first ones do not
        condition = f"${{{{ {_GUARD} }}}}"
    else:
        condition = f"${{{{ {' || '.join(f'({each})' for each in conditions) if len(conditions) > 1 else conditions[0]} }}}}"
    said = Run('echo "$WAITING may start"', name="Go on", environment={"WAITING": ", ".join(members)})
    name = f"{who}: {', '.join(members) if len(members) < 4 else f'{len(members)} steps'}"
    return Job(runner, (said,), _GATE_MINUTES, name, needs=needs, condition=condition, deployment=environment)


def _members(graph: Graph, jobs: list[str]) -> list[str]:
    packs = {pack[0]: pack for pack in graph.packs}
    return [step for job in jobs for step in packs.get(job, (job,))]


def _below(steps: set[str], jobs: Mapping[str, Job]) -> set[str]:
    """All jobs below one of `steps`, which comes before them."""
    below: set[str] = set()
    todo = set(steps)
    while todo:
        todo = {name for name, job in jobs.items() if name not in below and todo & set(job.needs)}
        below |= todo
    return below


def _inner(condition: str) -> str:
    return condition.removeprefix("${{ ").removesuffix(" }}")


def _in_order(jobs: Mapping[str, Job], order: list[str]) -> dict[str, Job]:
    """Gates before the first job that waits for them, all others as they stood."""
    placed: dict[str, Job] = {}
    for name in order:
        for need in jobs[name].needs:
            if need not in order and need not in placed:
                placed[need] = jobs[need]
        placed[name] = jobs[name]
    return placed


# --- what GitHub cannot do ---


def check_grants(graph: Graph) -> Iterator[OrchError]:
    """Every permission, environment and group that GitHub does not have or could not tell from another."""
    environments: dict[str, str] = {}
    for step in graph.steps:
        yield from _check_permissions(step)
        yield from _check_choice(step, graph)
        if (name := step.settings.deploys_to) is None:
            continue
        if len(name) > _LONGEST or not _is_name(name) or name != name.strip():
            yield PipelineError(f"step {step.id!r} deploys to {name!r}, which is no name of an environment", hint="as 'production'")
        elif (other := environments.setdefault(name.lower(), name)) != name:
            told = f"environments {other!r} and {name!r}, which step {step.id!r} deploys to, are one to GitHub, which ignores case"
            yield PipelineError(told, hint="write it in one way")
    group = graph.concurrency.group if graph.concurrency else None
    if group is not None and not _is_name(group):
        yield PipelineError(f"pipeline {graph.pipeline!r} has the concurrency group {group!r}, which is no name", hint="as 'deploys'")


def _check_choice(step: Step, graph: Graph) -> Iterator[OrchError]:
    if step.settings.deploys_by is None:
        return
    kind = graph.parameter(step.settings.deploys_by).type
    if kind.kind is not Kind.CHOICE or kind.optional:
        told = f"step {step.id!r} deploys to what parameter {step.settings.deploys_by!r} says, which may be anything: GitHub makes"
        hint = f"annotate it with the environments that there are, as `{step.settings.deploys_by}: Literal['staging', 'production']`"
        yield PipelineError(f"{told} an environment that there is not, and asks nobody for it", hint=hint)
        return
    for name in kind.choices:
        if len(name) > _LONGEST or not _is_name(name) or name != name.strip():
            told = f"parameter {step.settings.deploys_by!r} may be {name!r}, which is no name of an environment"
            yield PipelineError(f"{told}, and step {step.id!r} deploys there", hint="as 'production'")


def _check_permissions(step: Step) -> Iterator[OrchError]:
    for area, access in step.settings.permissions:
        allowed = ("write",) if area == "id-token" else ("read", "write")
        if area not in AREAS:
            told = f"step {step.id!r} asks for the permission {area!r}, which GitHub does not have"
            yield PipelineError(told, hint=f"it has {', '.join(sorted(AREAS))}")
        elif access not in allowed:
            told = f"step {step.id!r} asks for {area!r}: {access!r}, expected {' or '.join(map(repr, allowed))}"
            yield PipelineError(told, hint="nothing is granted without it")


def _is_name(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and is_plain(text)
