"""What a step or pipeline asks for besides its arguments: resources, retries, modes. Names are ZenML's where it has one."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from orch.model.canonical import Json
from orch.model.graph_file import FLAG, NUMBER, TABLE, TEXT, TEXT_TABLE, TEXTS, WHOLE, Keys

_UNITS: Final[dict[str, int]] = {"B": 1} | {
    f"{letter}{suffix}": base**power for power, letter in enumerate("KMGTP", start=1) for suffix, base in (("B", 1000), ("iB", 1024))
}
# Not compiled before they are used: most jobs never do, and each pays for what is imported.
_MEMORY: Final = r"([0-9]+)\s*(" + "|".join(_UNITS) + r")"
_DURATION: Final = r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?"
_LONGEST_DELAY: Final = 30 * 86_400.0


def memory_bytes(text: str) -> int:
    """Bytes of `8GB`, `512MiB`; raises ValueError."""
    found = re.fullmatch(_MEMORY, text)
    if not found:
        raise ValueError(f"{text!r} is not an amount of memory like '8GB' or '512MiB'")
    return int(found[1]) * _UNITS[found[2]]


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


@dataclass(frozen=True, slots=True)
class ResourceSettings:
    """What a step needs of its machine. `memory` is text with a unit, as `8GB` or `512MiB`."""

    cpu_count: float | None = None
    gpu_count: int | None = None
    memory: str | None = None

    def __post_init__(self) -> None:
        if self.cpu_count is not None and not self.cpu_count > 0:
            raise ValueError(f"cpu_count is {self.cpu_count!r}, expected more than 0")
        if self.gpu_count is not None and not (type(self.gpu_count) is int and self.gpu_count >= 0):
            raise ValueError(f"gpu_count is {self.gpu_count!r}, expected a whole number from 0")
        if self.memory is not None:
            memory_bytes(self.memory)

    def to_json(self) -> Json:
        names = ("cpu_count", "gpu_count", "memory")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


@dataclass(frozen=True, slots=True)
class StepRetryConfig:
    """How often a failed step starts again: `delay` seconds before the first retry, times `backoff` before each later one."""

    max_retries: int = 1
    delay: float = 0
    backoff: float = 1

    def __post_init__(self) -> None:
        if not (type(self.max_retries) is int and self.max_retries >= 0):
            raise ValueError(f"max_retries is {self.max_retries!r}, expected a whole number from 0")
        if not 0 <= self.delay < math.inf:
            raise ValueError(f"delay is {self.delay!r}, expected seconds from 0")
        if not 1 <= self.backoff < math.inf:
            raise ValueError(f"backoff is {self.backoff!r}, expected a factor from 1")
        if self.delay and self._longest_delay() > _LONGEST_DELAY:
            raise ValueError(f"the delay before retry {self.max_retries} would be more than 30 days: lower backoff or max_retries")

    def _longest_delay(self) -> float:
        try:
            return self.delay * float(self.backoff) ** (self.max_retries - 1)
        except OverflowError:
            return math.inf

    def delay_after(self, tries: int) -> float | None:
        """Seconds to wait after the failed try number `tries`, from 1; None where it was the last."""
        if tries > self.max_retries:
            return None
        return self.delay * float(self.backoff) ** (tries - 1) if self.delay else 0.0

    def to_json(self) -> Json:
        return {"max_retries": self.max_retries, "delay": self.delay, "backoff": self.backoff}


class ExecutionMode(StrEnum):
    """What a failed step means for those that do not depend on it; names and values are ZenML's."""

    CONTINUE_ON_FAILURE = "continue_on_failure"  # run every step that is not downstream of a failure
    STOP_ON_FAILURE = "stop_on_failure"  # let running steps finish, start nothing new
    FAIL_FAST = "fail_fast"  # stop running steps, too


_RESOURCES: Final = Keys("resources", {}, {"cpu_count": NUMBER, "gpu_count": WHOLE, "memory": TEXT})
_RETRY: Final = Keys("a retry", {"max_retries": WHOLE, "delay": NUMBER, "backoff": NUMBER})
_SETTINGS: Final = Keys(
    "settings",
    {},
    {"target": TEXT, "resources": TABLE, "retry": TABLE, "timeout": NUMBER, "cache": FLAG, "cache_expires_after": NUMBER}
    | {"on_failure": TEXT, "on_success": TEXT, "extras": TEXTS, "groups": TEXTS, "secrets": TEXTS, "files": TEXTS}
    | {"deploys_to": TEXT, "permissions": TEXT_TABLE}
    | {"environment": TEXT_TABLE, "keep": FLAG, "pack": TEXT, "github": TABLE},
)


@dataclass(frozen=True, slots=True)
class StepSettings:
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
    environment: tuple[tuple[str, str], ...] = field(default=())
    keep: bool = False
    cache: bool | None = None
    cache_expires_after: float | None = None  # seconds
    files: tuple[str, ...] = ()
    on_failure: str | None = None
    on_success: str | None = None
    deploys_to: str | None = None  # an environment of the repository on GitHub
    permissions: tuple[tuple[str, str], ...] = ()  # of the job's token: area -> access
    pack: str | None = None  # steps of one name share a job
    github: Mapping[str, Json] = field(default_factory=dict)  # keys of its job in a compiled workflow, besides orch's own

    def to_json(self) -> Json:
        """Only what differs from the defaults, so that the graph shows what was asked for."""
        data: dict[str, Json] = {}
        if self.target is not None:
            data["target"] = self.target
        if self.resources is not None:
            data["resources"] = self.resources.to_json()
        if self.retry is not None:
            data["retry"] = self.retry.to_json()
        for name in ("timeout", "cache", "cache_expires_after", "on_failure", "on_success", "deploys_to", "pack"):
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
        return data

    @classmethod
    def from_json(cls, data: Json) -> StepSettings:
        _SETTINGS.check(data)
        resources, retry = data.get("resources"), data.get("retry")
        if resources is not None:
            _RESOURCES.check(resources)
        if retry is not None:
            _RETRY.check(retry)
        return cls(
            target=data.get("target"),
            resources=None if resources is None else ResourceSettings(**resources),
            extras=tuple(data.get("extras", ())),
            groups=tuple(data.get("groups", ())),
            retry=None if retry is None else StepRetryConfig(**retry),
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
            permissions=tuple(sorted(data.get("permissions", {}).items())),
            pack=data.get("pack"),
            github=data.get("github", {}),
        )
