"""What a Docker Engine's refusals mean, from its own words, and what to do about each."""

from __future__ import annotations

import re

from orch.errors import DiskFullError, EngineError, ImageError, RegistryError, TargetError

_DISK: str = "no space left on device"
_GPU: str = "could not select device driver"
_NO_PROGRAM: str = r"exec: \"?([^\"\s]+)\"?: .*(not found|no such file)"
_REFUSED = (
    "unauthorized",
    "no basic auth credentials",
    "denied",
    "forbidden",
    "authentication required",
    "too many requests",
    "toomanyrequests",
)
_AWAY = ("dial tcp", "no such host", "connection refused", "i/o timeout", "server misbehaving", "tls:", "x509", "http response to https")


def engine_away(where: str, words: str) -> EngineError:
    """Nobody answers where the engine should be."""
    if "Permission denied" in words:
        hint = "add yourself to the group `docker` and log in again, or set DOCKER_HOST to an engine of your own"
        return EngineError(f"the Docker Engine at {where!r} may not be asked: permission denied", hint=hint)
    hint = "start it (`sudo systemctl start docker`, or Docker Desktop), or set DOCKER_HOST; `docker version` tells whether it answers"
    return EngineError(f"no Docker Engine answers at {where!r}", hint=hint)


def refusal(words: str, *, image: str, doing: str) -> TargetError:
    """`words` are the engine's."""
    low = words.lower()
    if _DISK in low:
        hint = "`docker system df` shows what takes room there, `docker system prune` makes some; `orch gc` removes what orch left"
        return DiskFullError(f"the Docker Engine has no room left, {doing}", hint=hint)
    if _GPU in low or "unknown runtime specified nvidia" in low:
        hint = "install the NVIDIA Container Toolkit there, or ask for no gpu_count"
        return TargetError("the step asks for GPUs, and the Docker Engine has no driver for them", hint=hint)
    if found := re.search(_NO_PROGRAM, words):
        return no_python(image, f"has no {found[1].rpartition('/')[2]!r} on its PATH")
    if "read-only" in low and "rootfs" in low:
        return TargetError(f"the container's file system is read-only, {doing}", hint="a step needs to write: leave read_only out")
    if "network" in low and "not found" in low:
        return TargetError(
            f"{_first(words)}, {doing}", hint="`docker network ls` shows what there is; `docker network create NAME` makes one"
        )
    return TargetError(
        f"the Docker Engine refuses, {doing}: {_first(words)}", hint="mend what it names at DockerSettings or ResourceSettings"
    )


def not_pulled(words: str, image: str) -> TargetError:
    """Why an image that is not there does not come from its registry either."""
    low = words.lower()
    if _DISK in low:
        return refusal(words, image=image, doing=f"pulling {image!r}")
    if any(each in low for each in _AWAY):
        hint = f"look at the network and the proxy of the engine, or load the image there; `docker pull {image}` says more"
        return RegistryError(f"the image {image!r} is not on the engine, and its registry cannot be reached: {_first(words)}", hint=hint)
    if any(each in low for each in _REFUSED) and "does not exist" not in low:
        hint = f"`docker login {_registry(image)}`, then `docker pull {image}`"
        return RegistryError(f"the registry does not hand out the image {image!r}: {_first(words)}", hint=hint)
    hint = "look for a mistake in parent_image; if it is yours, build or push it"
    return ImageError(f"the image {image!r} is neither on the engine nor in its registry: {_first(words)}", hint=hint)


def no_python(image: str, why: str) -> ImageError:
    hint = "take an image with Python 3.11 or newer as parent_image, as 'python:3.12-slim'"
    return ImageError(f"no step can run in the image {image!r}, which {why}", hint=hint)


def _registry(image: str) -> str:
    first = image.partition("/")[0]
    return first if "/" in image and (first == "localhost" or any(each in first for each in ".:")) else ""


def _first(words: str) -> str:
    """Without the frame that clients put around what the engine said."""
    found = re.search(r'\("(.*)"\)\s*$', words, re.DOTALL)
    text = found[1] if found else words
    return " ".join(text.split())[:300] or "without a word"
