"""What a step asks of its container. Names are ZenML's where it has one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Final

from orch.model import canonical
from orch.model.canonical import Json
from orch.model.graph_file import TABLE, TEXT, TEXT_TABLE, TEXTS, Keys

CALLER: Final = "caller"
# https://pkg.go.dev/github.com/distribution/reference: enough to tell a reference from a path or a command.
_IMAGE: Final = r"[a-z0-9][a-zA-Z0-9._:/-]*(@sha256:[0-9a-f]{64})?|sha256:[0-9a-f]{64}"
_USER: Final = r"[a-zA-Z0-9_][a-zA-Z0-9_.-]*(:[a-zA-Z0-9_][a-zA-Z0-9_.-]*)?"
_VOLUME: Final = r"(/[^:\0]*|[a-zA-Z0-9][a-zA-Z0-9_.-]+):/[^:\0]*(:(ro|rw))?"
_KEYS: Final = Keys(
    "docker", {}, {"parent_image": TEXT, "environment": TEXT_TABLE, "user": TEXT, "network": TEXT, "volumes": TEXTS, "run_args": TABLE}
)

# What the Docker SDK for Python takes for a container besides what has a setting of its own here, or is ours to say:
# https://docker-py.readthedocs.io/en/stable/containers.html
RUN_ARGS: Final = frozenset(
    """blkio_weight blkio_weight_device cap_add cap_drop cgroup_parent cgroupns cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period
    cpu_rt_runtime cpu_shares cpuset_cpus cpuset_mems device_cgroup_rules device_read_bps device_read_iops device_write_bps
    device_write_iops devices dns dns_opt dns_search domainname extra_hosts group_add hostname ipc_mode isolation mac_address
    mem_reservation mem_swappiness oom_score_adj pid_mode pids_limit ports privileged publish_all_ports runtime security_opt shm_size
    storage_opt sysctls tmpfs ulimits userns_mode uts_mode volume_driver volumes_from""".split()
)
# Who looks for one of these finds it elsewhere.
_SAID_ELSEWHERE: Final = {
    "cpus": "resources=ResourceSettings(cpu_count=...)",
    "nano_cpus": "resources=ResourceSettings(cpu_count=...)",
    "mem_limit": "resources=ResourceSettings(memory=...)",
    "memswap_limit": "resources=ResourceSettings(memory=...)",
    "device_requests": "resources=ResourceSettings(gpu_count=...)",
    "environment": "DockerSettings(environment=...)",
    "user": "DockerSettings(user=...)",
    "network": "DockerSettings(network=...)",
    "network_mode": "DockerSettings(network=...)",
    "volumes": "DockerSettings(volumes=...)",
    "mounts": "DockerSettings(volumes=...)",
    "image": "DockerSettings(parent_image=...)",
}


@dataclass(frozen=True, slots=True)
class DockerSettings:
    """What a step with the target `docker` asks of its container; what is None is the pipeline's, then the stack's.

    `parent_image` is any image with Python 3.11 or newer. `user` is `uid`, `uid:gid` or a name that the image knows, or `caller`: whoever
    runs the pipeline. `volumes` are `/host/folder:/place` or `volume:/place`, with `:ro` to read only. `run_args` go to the
    Docker SDK as they are.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    parent_image: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    network: str | None = None
    volumes: tuple[str, ...] = ()
    run_args: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_text("parent_image", self.parent_image, _IMAGE, "the name of an image, as 'python:3.12-slim' or 'name@sha256:...'")
        _check_text("user", self.user, _USER, "a user as '1000', '1000:1000', a name or 'caller'")
        _check_text("network", self.network, r"[a-zA-Z0-9][a-zA-Z0-9_.:-]*", "the name of a network, 'bridge', 'host' or 'none'")
        object.__setattr__(self, "volumes", _texts(self.volumes))
        for volume in self.volumes:
            _check_text("volumes", volume, _VOLUME, "'volume:/place' or '/host/folder:/place', with ':ro' to read only")
        _check_environment(self.environment)
        object.__setattr__(self, "environment", dict(sorted(self.environment.items())))
        _check_run_args(self.run_args)

    def over(self, other: DockerSettings | None) -> DockerSettings:
        """These, and what they leave open from `other`; variables and `run_args` go one by one."""
        if other is None:
            return self
        return DockerSettings(
            parent_image=self.parent_image or other.parent_image,
            environment={**other.environment, **self.environment},
            user=self.user or other.user,
            network=self.network or other.network,
            volumes=self.volumes or other.volumes,
            run_args={**other.run_args, **self.run_args},
        )

    def result_depends_on(self) -> Json:
        """What of it a result may depend on, besides the image."""
        return {name: value for name, value in self.to_json().items() if name != "parent_image"}

    def to_json(self) -> Json:
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items() if value}

    @classmethod
    def from_json(cls, data: Json) -> DockerSettings:
        _KEYS.check(data)
        return cls(**data)

    @classmethod
    def of(cls, given: object) -> DockerSettings | None:
        """As somebody wrote it; raises TypeError or ValueError."""
        if given is None or isinstance(given, cls):
            return given
        if not isinstance(given, Mapping):
            raise TypeError(f"docker is {given!r}, expected DockerSettings(...)")
        known = [each.name for each in fields(cls)]
        for name in given:
            if name not in known:
                raise TypeError(f"docker has no {name!r}" + (_near(str(name), known) or f"; it has {', '.join(known)}"))
        return cls(**given)


def _near(name: str, known: list[str]) -> str:
    from difflib import get_close_matches  # dear to import, and needed for a mistake only

    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _check_text(name: str, given: object, pattern: str, wanted: str) -> None:
    if given is not None and not (isinstance(given, str) and re.fullmatch(pattern, given)):
        raise ValueError(f"{name} is {given!r}, expected {wanted}")


def _texts(given: object) -> tuple[str, ...]:
    if isinstance(given, (list, tuple)) and all(type(each) is str for each in given):
        return tuple(given)
    raise TypeError(f"volumes is {given!r}, expected a list as ['data:/data', '/srv/models:/models:ro']")


def _check_environment(given: object) -> None:
    if not isinstance(given, Mapping) or not all(type(item) is str for pair in given.items() for item in pair):
        raise TypeError(f"environment is {given!r}, expected variables and their values")
    for name, value in given.items():
        if not name or "=" in name or "\0" in name + value:
            raise ValueError(f"environment has {name!r}, which no variable can be")


def _check_run_args(given: object) -> None:
    if not isinstance(given, Mapping):
        raise TypeError(f"run_args is {given!r}, expected names and values")
    for name in given:
        if name in _SAID_ELSEWHERE:
            raise ValueError(f"run_args has {name!r}: say it with {_SAID_ELSEWHERE[name]}")
        if name not in RUN_ARGS:
            told = _near(str(name), sorted(RUN_ARGS)) or ", or it is orch's own"
            raise ValueError(f"run_args has {name!r}, which containers do not take{told}")
    try:
        same = canonical.loads(canonical.dumps(dict(given))) == dict(given)
    except (TypeError, ValueError):
        same = False
    if not same:
        raise TypeError(f"run_args is {given!r}, expected plain data: texts, numbers, lists, and dicts with texts as keys")
