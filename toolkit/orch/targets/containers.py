"""What a container is made with: the settings of its step as arguments of the Docker SDK, as pure data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from orch import system
from orch.model.docker import CALLER
from orch.model.resources import ResourceSettings, memory_bytes
from orch.runtime import parcels
from orch.runtime.parcels import Parcel
from orch.targets.contract import Spec

# Not those of the image: its entrypoint may be anything.
ENTRYPOINT: Final = ["python3", f"{parcels.PLACE}/{parcels.RUNTIME}", parcels.PLACE]
# Neither the order of sets nor what text is may differ between machines.
_VARIABLES: Final = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}


def arguments(parcel: Parcel, spec: Spec, labels: Mapping[str, str], user: str | None) -> dict[str, Any]:
    """Of `containers.create`. Nothing secret is among them: `docker inspect` shows them all."""
    docker = spec.docker
    found: dict[str, Any] = {
        **docker.run_args,
        "image": spec.image,
        "command": [],
        "entrypoint": ENTRYPOINT,
        "name": parcel.name,
        "labels": dict(labels),
        "environment": {**_VARIABLES, **docker.environment, **parcel.environment},
        "init": True,  # what is process 1 ignores what would ask it to stop
        "detach": True,
        "working_dir": parcels.PLACE,
        # What an engine is set up to do with logs may leave nothing to read.
        "log_config": {"Type": "json-file", "Config": {}},
        **_resources(spec.resources),
    }
    if user is not None:
        found["user"] = user
    if docker.network is not None:
        found["network_mode" if docker.network in ("host", "none", "bridge") else "network"] = docker.network
    if docker.volumes:
        found["volumes"] = list(docker.volumes)
    return found


def _resources(resources: ResourceSettings | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if resources is None:
        return found
    if resources.cpu_count is not None:
        found["nano_cpus"] = round(resources.cpu_count * 1e9)
    if resources.memory is not None:
        # Without the second, as much again would be swapped.
        found["mem_limit"] = found["memswap_limit"] = memory_bytes(resources.memory)
    if resources.gpu_count:
        found["device_requests"] = [{"Driver": "", "Count": resources.gpu_count, "DeviceIDs": [], "Capabilities": [["gpu"]], "Options": {}}]
    return found


def user_of(spec: Spec) -> str | None:
    """Whom the container runs as, where that is not for the image to say."""
    if spec.docker.user == CALLER:
        return system.caller() or None
    return spec.docker.user


def owner(user: str, accounts: str, groups: str) -> tuple[int, int] | None:
    """The numbers of `user`, as `name`, `uid`, or either with a group, by the image's files of `accounts` and `groups`; or None."""
    name, _, group = user.partition(":")
    known = [line.split(":") for line in accounts.splitlines() if line.count(":") >= 3]
    account = next((each for each in known if name in (each[0], each[2])), None)
    if account is None and not (name or "0").isdecimal():
        return None
    uid, gid = (int(account[2]), int(account[3])) if account else (int(name or 0), 0)
    if group and not group.isdecimal():
        found = next((line.split(":") for line in groups.splitlines() if line.startswith(f"{group}:")), None)
        return (uid, int(found[2])) if found else None
    return uid, int(group) if group else gid
