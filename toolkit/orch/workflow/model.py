"""GitHub's workflow file as typed data: what a field means is GitHub's to say, so each type carries the link.

`to_data()` gives plain dicts and lists in the order of GitHub's own reference, without what is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from orch.workflow.scalars import Commented, OneLine, OneLineTable, Script

Data: TypeAlias = Any  # a value that YAML can hold

_WIDTH: Final = 100
_FEW: Final = 2  # permissions that stand on one line
_EMPTY: Final[tuple[Data, ...]] = (None, "", (), [], {})


def _filled(data: dict[str, Data]) -> dict[str, Data]:
    """`data` without what is empty; `False` and `0` say something and stay."""
    return {key: value for key, value in data.items() if value not in _EMPTY}


InputType = Literal["string", "number", "boolean", "choice", "environment"]


@dataclass(frozen=True, slots=True)
class Input:
    """One typed input of a dispatched or called workflow; `default` None means that it has none.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#onworkflow_dispatchinputs
    """

    type: InputType
    description: str = ""
    required: bool = False
    default: str | float | bool | None = None
    options: tuple[str, ...] = ()

    def to_data(self) -> Data:
        data = _filled({"description": self.description, "required": self.required or None})
        if self.default is not None:
            data["default"] = self.default  # empty text too: it is a default like others
        return data | _filled({"type": self.type, "options": list(self.options)})


@dataclass(frozen=True, slots=True)
class Filter:
    """Of which branches pushes, pull requests or merge groups start the workflow.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#onpushbranchestagsbranches-ignoretags-ignore
    """

    branches: tuple[str, ...] = ()

    def to_data(self) -> Data:
        return _filled({"branches": list(self.branches)}) or None


@dataclass(frozen=True, slots=True)
class Sent:
    """Which events that a program sends to the repository start the workflow.

    https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows#repository_dispatch
    """

    types: tuple[str, ...]

    def to_data(self) -> Data:
        return {"types": list(self.types)}


@dataclass(frozen=True, slots=True)
class Cron:
    """One time table, read in UTC without a `timezone`.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#onschedule
    """

    cron: str
    timezone: str = ""

    def to_data(self) -> Data:
        return _filled({"cron": self.cron, "timezone": self.timezone})


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Start by hand or by the API.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#onworkflow_dispatch
    """

    inputs: Mapping[str, Input] = field(default_factory=dict)

    def to_data(self) -> Data:
        return _filled({"inputs": {name: value.to_data() for name, value in self.inputs.items()}}) or None


@dataclass(frozen=True, slots=True)
class Called:
    """Start as a job of another workflow, which hands over inputs and the named secrets, and reads the outputs.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#onworkflow_call
    """

    inputs: Mapping[str, Input] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    outputs: Mapping[str, CalledOutput] = field(default_factory=dict)

    def to_data(self) -> Data:
        inputs = {name: value.to_data() for name, value in self.inputs.items()}
        outputs = {name: value.to_data() for name, value in self.outputs.items()}
        return _filled({"inputs": inputs, "outputs": outputs, "secrets": {name: {"required": True} for name in self.secrets}}) or None


@dataclass(frozen=True, slots=True)
class CalledOutput:
    """What a called workflow says to its caller.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#onworkflow_calloutputs
    """

    value: str
    description: str = ""

    def to_data(self) -> Data:
        return _filled({"description": self.description, "value": self.value})


@dataclass(frozen=True, slots=True)
class Triggers:
    """What starts the workflow; an absent trigger is None.

    https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
    """

    workflow_dispatch: Dispatch | None = None
    workflow_call: Called | None = None
    repository_dispatch: Sent | None = None
    push: Filter | None = None
    pull_request: Filter | None = None
    merge_group: Filter | None = None
    schedule: tuple[Cron, ...] = ()

    def to_data(self) -> Data:
        names = ("workflow_dispatch", "workflow_call", "repository_dispatch", "push", "pull_request", "merge_group")
        data = {name: getattr(self, name).to_data() for name in names if getattr(self, name) is not None}
        return data | _filled({"schedule": [cron.to_data() for cron in self.schedule]})


@dataclass(frozen=True, slots=True)
class Permission:
    """What a job's token may do in one area, and why: `permissions` keys are areas, each value an access.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#permissions
    """

    area: str
    access: Literal["read", "write"] = "read"
    reason: str = ""


# https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#permissions
AREAS: Final = frozenset(
    """actions artifact-metadata attestations checks contents deployments discussions id-token issues models packages pages pull-requests
    security-events statuses""".split()
)


def _permissions(permissions: tuple[Permission, ...]) -> dict[str, str]:
    """Of each area the widest access, and every reason for it: on one line if there is no more to say, else on one for each."""
    merged: dict[str, Permission] = {}
    for each in sorted(permissions, key=lambda permission: (permission.area, permission.access == "write")):
        known = merged.get(each.area)
        reasons = [reason for reason in (known.reason if known else "", each.reason) if reason]
        merged[each.area] = Permission(each.area, each.access, "; ".join(dict.fromkeys(reasons)))
    reasons = [each.reason for each in merged.values() if each.reason]
    if 0 < len(merged) <= _FEW and len(reasons) <= 1:
        *first, last = ((area, each.access) for area, each in merged.items())
        return OneLineTable([*first, (last[0], Commented(last[1], reasons[0]) if reasons else last[1])])
    return {area: Commented(each.access, each.reason) if each.reason else each.access for area, each in merged.items()}


@dataclass(frozen=True, slots=True)
class Concurrency:
    """Runs of one group wait for each other.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#concurrency
    """

    group: str
    cancel_in_progress: bool = False

    def to_data(self) -> Data:
        return {"group": self.group, "cancel-in-progress": self.cancel_in_progress}


@dataclass(frozen=True, slots=True)
class ActionRef:
    """An action at a commit, or (without `sha`) in this repository.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsuses
    """

    name: str  # owner/repository[/folder], or ./folder
    sha: str = ""
    version: str = ""  # of the commit, for people

    def within(self, folder: str) -> ActionRef:
        """Another action of the same repository and commit."""
        return ActionRef(f"{self.name.rstrip('/')}/{folder}", self.sha, self.version)

    def to_data(self) -> str:
        text = f"{self.name}@{self.sha}" if self.sha else self.name
        return Commented(text, self.version) if self.version else text


@dataclass(frozen=True, slots=True)
class Uses:
    """A job step that runs an action.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsuses
    """

    action: ActionRef
    inputs: Mapping[str, str | float | bool] = field(default_factory=dict)
    name: str = ""
    condition: str = ""
    id: str = ""
    environment: Mapping[str, str | float | bool] = field(default_factory=dict)
    timeout_minutes: int | None = None
    continue_on_error: bool = False

    def to_data(self) -> Data:
        data = {"id": self.id, "if": self.condition, "name": self.name, "uses": self.action.to_data(), "with": _given(self.inputs)}
        return _filled(data | _common(self))


@dataclass(frozen=True, slots=True)
class Run:
    """A job step that runs a script; the shell is explicit, because GitHub's default lets a pipe fail unseen.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsrun
    """

    script: str
    name: str = ""
    condition: str = ""
    environment: Mapping[str, str | float | bool] = field(default_factory=dict)
    id: str = ""
    shell: str = "bash"
    working_directory: str = ""
    timeout_minutes: int | None = None
    continue_on_error: bool = False

    def to_data(self) -> Data:
        data = {"id": self.id, "if": self.condition, "name": self.name, "run": Script(self.script), "shell": self.shell}
        return _filled(data | {"working-directory": self.working_directory} | _common(self))


def _given(inputs: Mapping[str, str | float | bool]) -> dict[str, str | float | bool]:
    """A switch alone stands on the line."""
    return OneLineTable(inputs) if len(inputs) == 1 and isinstance(next(iter(inputs.values())), bool) else dict(inputs)


def _common(step: Uses | Run) -> dict[str, Data]:
    ends = {"timeout-minutes": step.timeout_minutes, "continue-on-error": step.continue_on_error or None}
    return {"env": dict(step.environment)} | ends


JobStep = Uses | Run


@dataclass(frozen=True, slots=True)
class Strategy:
    """Several jobs of one description: one for each combination of the values in `matrix`, each a list or an expression for one.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstrategy
    """

    matrix: Mapping[str, OneLine[int] | str]
    max_parallel: int | None = None
    fail_fast: bool = False  # GitHub's default is true

    def to_data(self) -> Data:
        return _filled({"fail-fast": self.fail_fast, "max-parallel": self.max_parallel, "matrix": dict(self.matrix)})


@dataclass(frozen=True, slots=True)
class Job:
    """One machine, its steps in order. `environment` is what all of them see as variables.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobs
    """

    runs_on: str
    steps: tuple[JobStep, ...]
    timeout_minutes: int | str  # or an expression
    name: str = ""
    permissions: tuple[Permission, ...] = ()
    needs: tuple[str, ...] = ()
    condition: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    deployment: str = ""  # https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idenvironment
    outputs: Mapping[str, str] = field(default_factory=dict)
    strategy: Strategy | None = None
    more: Mapping[str, Data] = field(default_factory=dict)  # further keys, in place of the same ones here

    def to_data(self) -> Data:
        own = _filled(
            {
                "name": self.name,
                "permissions": _permissions(self.permissions),
                "needs": _needs(self.needs),
                "if": self.condition,
                "runs-on": self.runs_on,
                "environment": self.deployment,
                "outputs": dict(self.outputs),
                "env": dict(self.environment),
                "steps": [step.to_data() for step in self.steps],
                "timeout-minutes": self.timeout_minutes,
                "strategy": self.strategy.to_data() if self.strategy else None,
            }
        )
        return _ordered(own | dict(self.more), _OF_A_JOB) if self.more else own


def _needs(needs: tuple[str, ...]) -> list[str]:
    """As people write them: on one line as long as one can be read, else one on each."""
    return OneLine(needs) if sum(len(need) + 2 for need in needs) < _WIDTH else list(needs)


# GitHub's own order, for what is added.
_OF_A_JOB: Final = tuple(
    """name permissions needs if runs-on environment concurrency outputs env defaults container services steps timeout-minutes
    strategy""".split()
)


def _ordered(data: dict[str, Data], keys: tuple[str, ...]) -> dict[str, Data]:
    return {key: data[key] for key in keys if key in data}


@dataclass(frozen=True, slots=True)
class Workflow:
    """One file of `.github/workflows/`. Its token may do nothing unless a job asks for it.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
    """

    name: str
    triggers: Triggers
    concurrency: Concurrency
    jobs: Mapping[str, Job]
    more: Mapping[str, Data] = field(default_factory=dict)  # `run-name`, `env`, `defaults`

    def to_data(self) -> Data:
        return {
            "name": self.name,
            **{key: self.more[key] for key in ("run-name",) if key in self.more},
            "on": self.triggers.to_data(),
            "permissions": {},
            **{key: self.more[key] for key in ("env", "defaults") if key in self.more},
            "concurrency": self.concurrency.to_data(),
            "jobs": {job_id: job.to_data() for job_id, job in self.jobs.items()},
        }
