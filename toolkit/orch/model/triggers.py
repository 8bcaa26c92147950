"""What starts a pipeline's workflow, besides a person."""

from __future__ import annotations

from collections.abc import Sequence
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

    def __post_init__(self) -> None:
        for name in ("cron_expression", "timezone"):
            if type(given := getattr(self, name)) is not str:
                raise TypeError(f"{name} is {given!r}, expected text, as in Schedule('30 2 * * *', timezone='Europe/Berlin')")

    def to_json(self) -> Json:
        return {"type": "schedule", "cron": self.cron_expression, "timezone": self.timezone}


@dataclass(frozen=True, slots=True)
class Filtered:
    """`branches` and `paths` are globs; without any, every branch and path counts."""

    TYPE: ClassVar[str]

    branches: Sequence[str] = ()
    paths: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("branches", "paths"):
            object.__setattr__(self, name, _texts(name, getattr(self, name)))

    def to_json(self) -> Json:
        filters = {"branches": list(self.branches), "paths": list(self.paths)}
        return {"type": self.TYPE} | {name: globs for name, globs in filters.items() if globs}


@dataclass(frozen=True, slots=True)
class Push(Filtered):
    """Start on a push to one of `branches` (globs, all without).

    If it touches none of `paths` (globs, all without), the run passes and no step starts.
    """

    TYPE: ClassVar = "push"


@dataclass(frozen=True, slots=True)
class PullRequest(Filtered):
    """Start on a pull request into one of `branches` (globs, all without).

    If it touches none of `paths` (globs, all without), the run passes and no step starts: a check that is required is there.
    """

    TYPE: ClassVar = "pull_request"


@dataclass(frozen=True, slots=True)
class MergeGroup(Filtered):
    """Start in the merge queue of one of `branches`, where checks that are required have to run again; `paths` as of a pull request."""

    TYPE: ClassVar = "merge_group"


@dataclass(frozen=True, slots=True, init=False)
class RepositoryDispatch:
    """Start on an event of one of these `types` that a program sends to the repository; its `client_payload` gives parameters by name."""

    types: tuple[str, ...]

    def __init__(self, types: Sequence[str]) -> None:
        object.__setattr__(self, "types", _texts("types", types))

    def to_json(self) -> Json:
        return {"type": "repository_dispatch", "types": list(self.types)}


@dataclass(frozen=True, slots=True)
class WorkflowCall:
    """Let other workflows call this one as a job, with the pipeline's parameters as inputs, and its state and artifacts as outputs."""

    def to_json(self) -> Json:
        return {"type": "workflow_call"}


def _texts(name: str, given: object) -> tuple[str, ...]:
    """A text alone would be a list of its letters."""
    if not isinstance(given, (list, tuple)) or not all(type(each) is str for each in given):
        example = f", as {name}=[{given!r}]" if isinstance(given, str) else ""
        raise TypeError(f"{name} is {given!r}, expected a list of texts{example}")
    return tuple(given)


Trigger = Schedule | Push | PullRequest | MergeGroup | RepositoryDispatch | WorkflowCall

FILTERED: Final[tuple[type[Push | PullRequest | MergeGroup], ...]] = (Push, PullRequest, MergeGroup)
_TRIGGERS: Final = {
    "schedule": Keys("a schedule", {"type": TEXT, "cron": TEXT, "timezone": TEXT}),
    "push": Keys("a push", {"type": TEXT}, {"branches": TEXTS, "paths": TEXTS}),
    "pull_request": Keys("a pull request", {"type": TEXT}, {"branches": TEXTS, "paths": TEXTS}),
    "merge_group": Keys("a merge group", {"type": TEXT}, {"branches": TEXTS, "paths": TEXTS}),
    "repository_dispatch": Keys("a dispatch to the repository", {"type": TEXT, "types": TEXTS}),
    "workflow_call": Keys("a workflow call", {"type": TEXT}),
}


def event_of(trigger: Trigger) -> str:
    """GitHub's name of the event."""
    return str(trigger.to_json()["type"])


def trigger_from_json(data: Json) -> Trigger:
    _TRIGGERS.get(data["type"], _TRIGGERS["push"]).check(data)
    match data["type"]:
        case "schedule":
            return Schedule(data["cron"], data["timezone"])
        case "push":
            return Push(data.get("branches", ()), data.get("paths", ()))
        case "pull_request":
            return PullRequest(data.get("branches", ()), data.get("paths", ()))
        case "merge_group":
            return MergeGroup(data.get("branches", ()), data.get("paths", ()))
        case "repository_dispatch":
            return RepositoryDispatch(data["types"])
        case "workflow_call":
            return WorkflowCall()
        case other:
            raise ValueError(f"unknown trigger {other!r}")
