"""`orch.yaml` as typed data. Without the file, everything has a default.

The types are plain dataclasses, so that no command pays for pydantic before there is a file to check.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from orch.errors import SettingsError, Where
from orch.model.docker import DockerSettings
from orch.model.resources import memory_bytes
from orch.stacks.server import mirror_problem, server_problem
from orch.stacks.store_url import is_url, store_url_problem

FILE: Final = "orch.yaml"
STACK_VARIABLE: Final = "ORCH_STACK"

Orchestrator = Literal["local", "github"]
# Who looks for results of earlier runs in workflows: a job before the others, each job itself, nobody, or what costs less.
Cache = Literal["auto", "plan", "job", "off"]

_STRICT: Final[dict[str, Any]] = {"extra": "forbid", "strict": True}


@dataclass(frozen=True, slots=True)
class Stack:
    """Who schedules a pipeline, and where its artifacts live: the orchestrator's own store if nothing else is said.

    `target` is where steps run that name none, `docker` what containers are, where steps and pipeline leave it open.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    orchestrator: Orchestrator = "local"
    artifact_store: str | None = None
    target: Literal["local", "docker"] = "local"
    docker: DockerSettings | None = None

    def __post_init__(self) -> None:
        if self.orchestrator == "github" and (self.target != "local" or self.docker):
            raise ValueError("target and docker are for the orchestrator 'local': jobs of workflows run on their runner, as yet")
        store = self.artifact_store
        if store is not None and is_url(store):
            if problem := store_url_problem(store):
                raise ValueError(f"artifact_store: {problem}")
        elif store not in (None, self.orchestrator):
            own = self.orchestrator
            raise ValueError(f"artifact_store is {store!r}, but orchestrator {own!r} has its own, {own!r}; or it is a URL")

    @property
    def store(self) -> str:
        return self.artifact_store or self.orchestrator

    @property
    def store_url(self) -> str | None:
        """Of a store that is not the orchestrator's own."""
        return self.store if is_url(self.store) else None


def _check_label(name: str, label: str) -> None:
    if not label.strip() or "${{" in label or not label.isprintable():
        raise ValueError(f"{name} is {label!r}, expected the label of a runner")


def _check_dollars(name: str, amount: float | None) -> None:
    if amount is not None and not 0 <= amount < math.inf:
        raise ValueError(f"{name} is {amount!r}, expected US dollars from 0")


BUILT_IN: Final[Mapping[str, Stack]] = {"local": Stack("local"), "github": Stack("github")}


@dataclass(frozen=True, slots=True)
class Runner:
    """A GitHub runner by its label, and what it has; what is not said, it is not known to have.

    `price_per_minute` is US dollars, for runners that are not on GitHub's list or have another price for you.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    label: str
    cpu_count: float = 0
    gpu_count: int = 0
    memory: str = "0B"
    price_per_minute: float | None = None

    def __post_init__(self) -> None:
        _check_label("label", self.label)
        _check_dollars("price_per_minute", self.price_per_minute)
        for name in ("cpu_count", "gpu_count"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)!r}, expected a number from 0")
        memory_bytes(self.memory)


# https://docs.github.com/actions/reference/runners/github-hosted-runners: as for a public repository.
DEFAULT_RUNNER: Final = Runner("ubuntu-24.04", cpu_count=4, memory="16GB")


# One CPU and no more than 15 minutes, for a third of the price.
RESULT_RUNNER: Final = "ubuntu-slim"


@dataclass(frozen=True, slots=True)
class Retention:
    """Days that GitHub keeps artifacts: `outputs` that only pass between jobs, `records`, and outputs marked `keep`."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    outputs: int = 1
    records: int = 14
    keep: int = 30

    def __post_init__(self) -> None:
        for name in ("outputs", "records", "keep"):
            if not 1 <= getattr(self, name) <= 400:
                raise ValueError(f"{name} is {getattr(self, name)!r}, expected 1 to 400 days")


@dataclass(frozen=True, slots=True)
class Settings:
    """All of `orch.yaml`. `pipelines` are globs from the git root; `action` stands in for the released one.

    `result_runner` is the label of the runner that the last job of every workflow waits for; `max_cost` is what a run may
    cost at most, in US dollars, or `orch check` finds fault. `server` is where the repository is, github.com without; `actions` says
    which repository stands in for one that workflows use.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    active: str = "local"
    stacks: Mapping[str, Stack] = field(default_factory=dict)
    action: str | None = None
    pipelines: tuple[str, ...] = ()
    runners: tuple[Runner, ...] = ()
    result_runner: str = RESULT_RUNNER
    retention: Retention = field(default_factory=Retention)
    pickle: Literal["allow", "forbid"] = "allow"
    cache: Cache = "auto"
    max_cost: float | None = None
    server: str | None = None
    actions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.server is not None and (told := server_problem(self.server)):
            raise ValueError(f"server {told}")
        for name, mirror in self.actions.items():
            if told := mirror_problem(name, mirror):
                raise ValueError(f"actions: {told}")
        _check_label("result_runner", self.result_runner)
        _check_dollars("max_cost", self.max_cost)

    @property
    def all_stacks(self) -> Mapping[str, Stack]:
        """The built-in stacks and the ones of the file, which win."""
        return {**BUILT_IN, **self.stacks}

    @property
    def all_runners(self) -> tuple[Runner, ...]:
        """In the order in which a step takes the first that has what it asks for; GitHub's own first, unless it is listed."""
        listed = any(runner.label == DEFAULT_RUNNER.label for runner in self.runners)
        return self.runners if listed else (DEFAULT_RUNNER, *self.runners)


def active_stack(settings: Settings, flag: str | None, environment: Mapping[str, str]) -> tuple[str, Stack]:
    """The stack in use and its name: `--stack`, then `ORCH_STACK`, then the file; raises SettingsError where there is none."""
    variable = environment.get(STACK_VARIABLE)
    name = (variable or settings.active) if flag is None else flag
    if name in settings.all_stacks:
        return name, settings.all_stacks[name]
    told = "--stack" if flag is not None else f"the environment variable {STACK_VARIABLE}" if variable else f"active in {FILE}"
    raise unknown_stack(name, settings, told=told)


def unknown_stack(name: str, settings: Settings, *, told: str = "") -> SettingsError:
    said = f", as {told} says" if told else ""
    known = ", ".join(settings.all_stacks)
    where = Where(FILE) if told.endswith(FILE) else None
    return SettingsError(f"no stack {name!r}{said}", hint=f"stacks are {known}; {FILE} defines more", where=where)
