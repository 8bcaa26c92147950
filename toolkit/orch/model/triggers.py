"""What starts a compiled workflow. Apart from what steps ask for: the job of a step reads none of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from orch.model.canonical import Json
from orch.model.graph_file import TEXT, TEXTS, Keys


@dataclass(frozen=True, slots=True)
class Schedule:
    """Start by cron, read in `timezone` (an IANA name).

    GitHub starts the default branch's workflow, at the earliest at that minute, often later, at most every 5 minutes.
    """

    cron_expression: str
    timezone: str = "UTC"

    def to_json(self) -> Json:
        return {"type": "schedule", "cron": self.cron_expression, "timezone": self.timezone}


@dataclass(frozen=True, slots=True, init=False)
class _Filtered:
    """`branches` and `paths` are globs; without any, every branch and path counts."""

    TYPE: ClassVar[str]

    branches: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    def __init__(self, branches: list[str] | tuple[str, ...] = (), paths: list[str] | tuple[str, ...] = ()) -> None:
        object.__setattr__(self, "branches", tuple(branches))
        object.__setattr__(self, "paths", tuple(paths))

    def to_json(self) -> Json:
        filters = {"branches": list(self.branches), "paths": list(self.paths)}
        return {"type": self.TYPE} | {name: globs for name, globs in filters.items() if globs}


@dataclass(frozen=True, slots=True, init=False)
class Push(_Filtered):
    """Start on a push to one of `branches` (globs, all without), if it touches `paths` (globs, all without)."""

    TYPE: ClassVar = "push"


@dataclass(frozen=True, slots=True, init=False)
class PullRequest(_Filtered):
    """Start on a pull request into one of `branches` (globs, all without), if it touches `paths` (globs, all without)."""

    TYPE: ClassVar = "pull_request"


@dataclass(frozen=True, slots=True)
class WorkflowCall:
    """Let other workflows call this one as a job, with the pipeline's parameters as inputs."""

    def to_json(self) -> Json:
        return {"type": "workflow_call"}


Trigger = Schedule | Push | PullRequest | WorkflowCall


_TRIGGERS: Final = {
    "schedule": Keys("a schedule", {"type": TEXT, "cron": TEXT, "timezone": TEXT}),
    "push": Keys("a push", {"type": TEXT}, {"branches": TEXTS, "paths": TEXTS}),
    "pull_request": Keys("a pull request", {"type": TEXT}, {"branches": TEXTS, "paths": TEXTS}),
    "workflow_call": Keys("a workflow call", {"type": TEXT}),
}


def trigger_from_json(data: Json) -> Trigger:
    _TRIGGERS.get(data["type"], _TRIGGERS["push"]).check(data)
    match data["type"]:
        case "schedule":
            return Schedule(data["cron"], data["timezone"])
        case "push":
            return Push(data.get("branches", ()), data.get("paths", ()))
        case "pull_request":
            return PullRequest(data.get("branches", ()), data.get("paths", ()))
        case "workflow_call":
            return WorkflowCall()
        case other:
            raise ValueError(f"unknown trigger {other!r}")
