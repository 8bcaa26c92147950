"""What a step or pipeline asks for besides its arguments. Names are ZenML's where it has one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from orch.model.canonical import Json
from orch.model.graph_file import FLAG, NUMBER, TABLE, TEXT, TEXT_TABLE, TEXTS, Keys

if TYPE_CHECKING:
    from orch.model.docker import DockerSettings
    from orch.model.resources import ResourceSettings
    from orch.model.retry import StepRetryConfig

# Not compiled before it is used: most jobs never do, and each pays for what is imported.
_DURATION: Final = r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?"


def seconds(duration: str | float) -> float:
    """Seconds of `2h`, `90m`, `1h30m`, `45s` or a number of seconds; raises ValueError."""
    if isinstance(duration, (int, float)) and not isinstance(duration, bool):
        if duration > 0:
            return float(duration)
    elif isinstance(duration, str) and duration:
        found = re.fullmatch(_DURATION, duration)
        if found:
            hours, minutes, rest = (int(part or 0) for part in found.groups())
            if total := 3600 * hours + 60 * minutes + rest:
                return float(total)
    raise ValueError(f"{duration!r} is not a duration like '2h', '90m', '45s' or a positive number of seconds")


class ExecutionMode(StrEnum):
    """What a failed step means for those that do not depend on it; names and values are ZenML's."""

    CONTINUE_ON_FAILURE = "continue_on_failure"  # run every step that is not downstream of a failure
    STOP_ON_FAILURE = "stop_on_failure"  # let running steps finish, start nothing new
    FAIL_FAST = "fail_fast"  # stop running steps, too


_SETTINGS: Final = Keys(
    "settings",
    {},
    {"target": TEXT, "resources": TABLE, "retry": TABLE, "timeout": NUMBER, "cache": FLAG, "cache_expires_after": NUMBER}
    | {"on_failure": TEXT, "on_success": TEXT, "extras": TEXTS, "groups": TEXTS, "secrets": TEXTS, "files": TEXTS}
    | {"deploys_to": TEXT, "deploys_by": TEXT, "permissions": TEXT_TABLE}
    | {"environment": TEXT_TABLE, "keep": FLAG, "pack": TEXT, "github": TABLE, "docker": TABLE},
)


class StepSettings(NamedTuple):
    """How a step runs, as far as the graph says; everything else is the stack's business.

    `files` are paths and globs from the project root, whose bytes the result depends on; hooks are `path/in/project.py:function`.
    """

    target: str | None = None
    resources: ResourceSettings | None = None
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    retry: StepRetryConfig | None = None
    timeout: float | None = None  # seconds
    secrets: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    keep: bool = False
    cache: bool | None = None
    cache_expires_after: float | None = None  # seconds
    files: tuple[str, ...] = ()
    on_failure: str | None = None
    on_success: str | None = None
    deploys_to: str | None = None  # an environment of the repository on GitHub
    deploys_by: str | None = None  # the parameter that chooses it instead
    permissions: tuple[tuple[str, str], ...] = ()  # of the job's token: area -> access
    pack: str | None = None  # steps of one name share a job
    github: Mapping[str, Json] = {}  # keys of its job in a compiled workflow, besides orch's own
    docker: DockerSettings | None = None  # of its container, where that is its target

    def to_json(self) -> Json:
        """Only what differs from the defaults, so that the graph shows what was asked for."""
        data: dict[str, Json] = {}
        if self.target is not None:
            data["target"] = self.target
        if self.resources is not None:
            data["resources"] = self.resources.to_json()
        if self.retry is not None:
            data["retry"] = self.retry.to_json()
        for name in ("timeout", "cache", "cache_expires_after", "on_failure", "on_success", "deploys_to", "deploys_by", "pack"):
            if getattr(self, name) is not None:
                data[name] = getattr(self, name)
        for name in ("extras", "groups", "secrets", "files"):
            if getattr(self, name):
                data[name] = list(getattr(self, name))
        for name in ("environment", "permissions", "github"):
            if getattr(self, name):
                data[name] = dict(getattr(self, name))
        if self.keep:
            data["keep"] = True
        if self.docker is not None:
            data["docker"] = self.docker.to_json()
        return data

    @classmethod
    def from_json(cls, data: Json) -> StepSettings:
        _SETTINGS.check(data)
        resources, retry = data.get("resources"), data.get("retry")
        return cls(
            target=data.get("target"),
            resources=None if resources is None else _resources(resources),
            extras=tuple(data.get("extras", ())),
            groups=tuple(data.get("groups", ())),
            retry=None if retry is None else _retry(retry),
            timeout=data.get("timeout"),
            secrets=tuple(data.get("secrets", ())),
            environment=tuple(sorted(data.get("environment", {}).items())),
            keep=data.get("keep", False),
            cache=data.get("cache"),
            cache_expires_after=data.get("cache_expires_after"),
            files=tuple(data.get("files", ())),
            on_failure=data.get("on_failure"),
            on_success=data.get("on_success"),
            deploys_to=data.get("deploys_to"),
            deploys_by=data.get("deploys_by"),
            permissions=tuple(sorted(data.get("permissions", {}).items())),
            pack=data.get("pack"),
            github=data.get("github", {}),
            docker=_docker(data["docker"]) if "docker" in data else None,
        )


# Most steps have none of them.


def _docker(data: Json) -> DockerSettings:
    from orch.model.docker import DockerSettings

    return DockerSettings.from_json(data)


def _resources(data: Json) -> ResourceSettings:
    from orch.model.resources import ResourceSettings

    return ResourceSettings.from_json(data)


def _retry(data: Json) -> StepRetryConfig:
    from orch.model.retry import StepRetryConfig

    return StepRetryConfig.from_json(data)
