"""What people add by hand to a generated job or workflow, as typed data, and every fault in it that GitHub or a reviewer would find."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from orch.workflow.model import ActionRef, JobStep, Run, Uses
from orch.workflow.shapes import (
    CONCURRENCY,
    CONTAINER,
    DEFAULTS,
    ENVIRONMENT,
    PERMISSIONS,
    RUNS_ON,
    SERVICES,
    STEP,
    Fault,
    Fields,
    Listed,
    Scalars,
    Text,
    faults,
)

_GRAPH: Final = "the graph says it: mend the pipeline"
JOB: Final = Fields(
    "a job",
    {
        "runs-on": RUNS_ON,
        "permissions": PERMISSIONS,
        "environment": ENVIRONMENT,
        "concurrency": CONCURRENCY,
        "env": Scalars(),
        "defaults": DEFAULTS,
        "container": CONTAINER,
        "services": SERVICES,
        "before": Listed(STEP),
        "after": Listed(STEP),
    },
    owned={
        "needs": f"{_GRAPH}, as with after=",
        "if": f"{_GRAPH}, as with orch.when",
        "name": "jobs find each other by it; id= of the step is its name",
        "steps": "add to them with 'before' and 'after'",
        "outputs": "jobs pass on references by them; return values from the step",
        "strategy": f"{_GRAPH}, as with .map(...)",
        "timeout-minutes": "write timeout= at the step, which counts its retries, too",
        "continue-on-error": "a step that failed would look like one that succeeded; catch the exception in the step",
        "uses": "a job that calls a workflow runs no step",
        "with": "a job that calls a workflow runs no step",
        "secrets": "write secrets=[...] at the step",
    },
)
WORKFLOW: Final = Fields(
    "a workflow",
    {"run-name": Text(), "env": Scalars(), "defaults": DEFAULTS},
    owned={
        **dict.fromkeys(JOB.keys, "this is a key of a job: write it in github= of a step"),
        "name": "the pipeline's name is it",
        "on": "write schedule= or triggers= at the pipeline",
        "permissions": "each job has its own, and nothing else; write them in github= of a step",
        "concurrency": "write concurrency= at the pipeline",
        "jobs": "steps are jobs; what else there is to do may be another workflow",
    },
)

_PINNED: Final = re.compile(
    r"(?P<name>[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_./-]+)?)@(?P<sha>[0-9a-f]{40})(?:\s+#\s*(?P<version>\S+))?"
)
_LOCAL: Final = re.compile(r"\./(?!.*\.\.)[A-Za-z0-9_./-]+")
_DOCKER: Final = re.compile(r"docker://\S+@sha256:[0-9a-f]{64}")
# https://docs.github.com/actions/reference/workflows-and-actions/contexts#context-availability
_NOT_YET: Final = re.compile(r"\$\{\{[^}]*?\b(secrets|env|job|jobs|steps|runner)\s*[.\[]")
_SECRETS: Final = re.compile(r"\bsecrets\s*(?:\.\s*([A-Za-z_][A-Za-z0-9_]*)|\[\s*'([^']*)'\s*\])", re.IGNORECASE)
_ANY_SECRETS: Final = re.compile(r"\$\{\{[^}]*?\bsecrets\b", re.IGNORECASE)  # also all of them, as toJSON(secrets)


def job_faults(data: Mapping[str, Any]) -> Iterator[Fault]:
    yield from _with_steps(faults(JOB, data), data)


def workflow_faults(data: Mapping[str, Any]) -> Iterator[Fault]:
    yield from faults(WORKFLOW, data)
    yield from _secret_faults(data)


def _with_steps(found: Iterator[Fault], data: Mapping[str, Any]) -> Iterator[Fault]:
    first = list(found)
    yield from first
    if first:  # what follows asks what is inside
        return
    yield from _secret_faults(data)
    yield from _runner_faults(data.get("runs-on"))
    for key in ("before", "after"):
        for number, step in enumerate(data.get(key, ())):
            yield from _step_faults(step, f"[{key!r}][{number}]")


def _secret_faults(data: Mapping[str, Any]) -> Iterator[Fault]:
    for name, value in data.get("env", {}).items():
        if isinstance(value, str) and _ANY_SECRETS.search(value):
            hint = "write secrets=[...] at the step: it is masked then, and no other step sees it"
            yield Fault(f"['env'][{name!r}]", "holds a secret", hint)


def _runner_faults(runs_on: object) -> Iterator[Fault]:
    """What GitHub says only when the workflow starts, which then has no jobs."""
    if runs_on == []:
        yield Fault("['runs-on']", "names no runner", "a label, as 'ubuntu-24.04'")
    for label in runs_on if isinstance(runs_on, list) else [runs_on]:
        if isinstance(label, str) and (found := _NOT_YET.search(label)):
            hint = "it knows github, inputs, needs, vars, strategy and matrix when it looks for a runner"
            yield Fault("['runs-on']", f"asks for {found[1]!r}, which GitHub does not know there", hint)


def _step_faults(step: Mapping[str, Any], path: str) -> Iterator[Fault]:
    if ("uses" in step) == ("run" in step):
        yield Fault(path, "has to have either 'uses' or 'run'", "'run' is a script, 'uses' an action; two of them are two job steps")
    for key, other in (("with", "uses"), ("shell", "run"), ("working-directory", "run")):
        if key in step and other not in step:
            yield Fault(f"{path}[{key!r}]", f"goes with {other!r} only", f"remove it, or write {other!r} in this job step")
    uses = step.get("uses", "")
    if uses and not any(pattern.fullmatch(uses) for pattern in (_PINNED, _LOCAL, _DOCKER)):
        name, _, tag = uses.partition("@")
        ask = (
            f"`git ls-remote https://github.com/{'/'.join(name.split('/')[:2])} {tag}` says which; write {name}@COMMIT # {tag or 'v1.2.3'}"
        )
        hint = "pin it by its digest, as docker://image@sha256:..." if uses.startswith("docker:") else ask
        yield Fault(f"{path}['uses']", f"is {uses!r}, which is not pinned to a commit: what it does could change under you", hint)


def job_steps(data: Mapping[str, Any], key: str) -> tuple[JobStep, ...]:
    """Those of `before` or `after`; `data` has no faults."""
    return tuple(_job_step(step) for step in data.get(key, ()))


def _job_step(step: Mapping[str, Any]) -> JobStep:
    common: dict[str, Any] = {
        "name": step.get("name", ""),
        "condition": step.get("if", ""),
        "id": step.get("id", ""),
        "environment": dict(step.get("env", {})),
        "timeout_minutes": step.get("timeout-minutes"),
        "continue_on_error": step.get("continue-on-error", False),
    }
    if "run" in step:
        return Run(step["run"], shell=step.get("shell", "bash"), working_directory=step.get("working-directory", ""), **common)
    pinned = _PINNED.fullmatch(step["uses"])
    ref = ActionRef(pinned["name"], pinned["sha"], pinned["version"] or "") if pinned else ActionRef(step["uses"])
    return Uses(ref, dict(step.get("with", {})), **common)


def secrets_in(data: Any) -> frozenset[str]:
    """Names of the secrets that any text in `data` reads."""
    if isinstance(data, str):
        return frozenset(dotted or quoted for dotted, quoted in _SECRETS.findall(data))
    inner = data.values() if isinstance(data, Mapping) else data if isinstance(data, (list, tuple)) else ()
    return frozenset().union(*(secrets_in(item) for item in inner))
