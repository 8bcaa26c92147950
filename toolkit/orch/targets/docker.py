"""Containers of a Docker Engine, by the Docker SDK for Python: a step runs in one of its own, in any image that has Python.

Nothing of the host is mounted: files go in before it starts and come out after it ended, so that the engine may be anywhere.
"""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from orch.errors import ArgumentError, EngineError, OrchError, TargetError, ToolMissingError
from orch.model.canonical import Json
from orch.model.records import StepRecord
from orch.model.resources import memory_bytes
from orch.model.steps import Step
from orch.runtime import clock, parcels
from orch.runtime.parcels import Parcel
from orch.stores.local import LocalStore
from orch.targets import refused
from orch.targets.containers import arguments, owner, user_of
from orch.targets.contract import Delivery, Ended, Spec
from orch.targets.returned import take_back

NAME: Final = "docker"
_LONGEST_AWAY: Final = 30.0  # seconds for which an engine that restarts is waited for
_PAUSE: Final = 0.25
_LEAST_MEMORY: Final = 6_000_000  # as engines say


def check(step: Step) -> list[OrchError]:
    """What of a step no container can be; what this engine cannot, it says itself."""
    memory = step.settings.resources and step.settings.resources.memory
    if memory and memory_bytes(memory) < _LEAST_MEMORY:
        return [ArgumentError(f"step {step.id!r} asks for {memory} of memory, and a container has at least 6MB", hint="ask for more")]
    return []


class Docker:
    """One engine, as DOCKER_HOST or the current context names it."""

    def __init__(self) -> None:
        self._sdk = _sdk()
        self._client, self.where = _connected(self._sdk)
        self._owners: dict[tuple[str, str], tuple[int, int]] = {}

    # --- images ---

    def image(self, reference: str, tell: Callable[[str], object] = lambda _: None) -> str:
        """The digest of the image on the engine, pulled if it is not there."""
        with self._asking(reference, "looking for the image"):
            try:
                return str(self._client.images.get(reference).id)
            except self._sdk.errors.ImageNotFound:
                pass
        tell(f"pulling {reference}")
        self._pull(reference)
        with self._asking(reference, "looking for the image"):
            try:
                return str(self._client.images.get(reference).id)
            except self._sdk.errors.ImageNotFound:
                raise refused.not_pulled("it was pulled, and is not there", reference) from None

    def _pull(self, reference: str) -> None:
        # `images.pull` hides what goes wrong in the middle of a stream.
        name, tag = (reference, None) if "@" in reference else self._sdk.utils.parse_repository_tag(reference)
        try:
            for told in self._client.api.pull(
                name, tag=None if tag is None and "@" in reference else tag or "latest", stream=True, decode=True
            ):
                if "error" in told:
                    raise refused.not_pulled(str(told["error"]), reference)
        except self._sdk.errors.APIError as error:
            raise refused.not_pulled(_words(error), reference) from error
        except OSError as error:
            raise refused.engine_away(self.where, str(error)) from error

    # --- the contract ---

    def handle(self, name: str) -> Json:
        return {"schema": 1, "target": NAME, "engine": self.where, "name": name}

    def submit(self, parcel: Parcel, spec: Spec, labels: Mapping[str, str], delivery: Delivery) -> Json:
        with self._asking(spec.reference, "making a container"):
            try:
                container = self._client.containers.create(**arguments(parcel, spec, labels, user_of(spec)))
            except self._sdk.errors.APIError as error:
                if error.status_code != 409:
                    raise
                container = self._client.containers.get(parcel.name)
        if container.status == "created":  # else whoever submitted it first came further
            self._start(container, parcel, spec, delivery)
        return {**self.handle(parcel.name), "id": container.id}

    def _start(self, container: Any, parcel: Parcel, spec: Spec, delivery: Delivery) -> None:
        try:
            with self._asking(spec.reference, "putting the step's files into the container"):
                container.put_archive("/", delivery.chunks(parcel, self._owner(container, spec)))
            with self._asking(spec.reference, "starting the container"):
                container.start()
        except BaseException:
            with suppress(TargetError):
                self.remove(self.handle(parcel.name))
            raise

    def _owner(self, container: Any, spec: Spec) -> tuple[int, int]:
        """Whom the container runs as: the image may know them by a name only."""
        user = container.attrs["Config"].get("User") or "0:0"
        numbers = user.split(":")
        if len(numbers) == 2 and all(each.isdecimal() for each in numbers):
            return int(numbers[0]), int(numbers[1])
        known = self._owners.get((spec.image, user))
        if known is None:
            accounts = [self._text(container, f"/etc/{name}") for name in ("passwd", "group")]
            found = owner(user, *accounts)
            if found is None:
                message = f"the image {spec.reference!r} knows no user {user!r}"
                raise TargetError(message, hint="name one that it has, or numbers, as DockerSettings(user='1000:1000')")
            known = self._owners[spec.image, user] = found
        return known

    def _text(self, container: Any, path: str) -> str:
        try:
            data = b"".join(container.get_archive(path)[0])
        except self._sdk.errors.NotFound:
            return ""
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            content = tar.extractfile(tar.getmembers()[0])
            return content.read().decode(errors="replace") if content else ""

    def logs(self, handle: Json) -> Iterator[bytes]:
        with self._asking(handle["name"], "reading its log"):
            yield from self._client.containers.get(handle["name"]).logs(stream=True, follow=True)

    def wait(self, handle: Json) -> Ended:
        until = clock.monotonic() + _LONGEST_AWAY
        while True:
            try:
                with self._asking(handle["name"], "waiting for its end"):
                    self._client.api.wait(handle["name"])
                    state = self._client.api.inspect_container(handle["name"])["State"]
                    return Ended(int(state["ExitCode"]), bool(state.get("OOMKilled")), str(state.get("Error", "")))
            except EngineError:
                if clock.monotonic() > until:
                    raise
                clock.sleep(_PAUSE)

    def is_running(self, handle: Json) -> bool:
        with self._asking(handle["name"], "looking at it"):
            return bool(self._client.containers.get(handle["name"]).attrs["State"]["Running"])

    def take(self, handle: Json, store: LocalStore) -> StepRecord | None:
        with self._asking(handle["name"], "taking back what the step made"):
            container = self._client.containers.get(handle["name"])
            try:
                return take_back(lambda: container.get_archive(f"{parcels.PLACE}/{parcels.MADE}", chunk_size=1 << 20)[0], store)
            except self._sdk.errors.NotFound:
                return None

    def cancel(self, handle: Json) -> None:
        self._signal(handle, "SIGINT")

    def kill(self, handle: Json) -> None:
        self._signal(handle, "SIGKILL")

    def _signal(self, handle: Json, signal: str) -> None:
        with self._asking(handle["name"], "stopping it"):
            try:
                self._client.api.kill(handle["name"], signal)
            except self._sdk.errors.APIError as error:
                if error.status_code not in (404, 409):  # it is gone, or has ended
                    raise

    def remove(self, handle: Json) -> None:
        with self._asking(handle["name"], "removing the container"):
            try:
                self._client.api.remove_container(handle["name"], v=True, force=True)
            except self._sdk.errors.APIError as error:
                if error.status_code not in (404, 409):  # it is gone, or somebody is removing it
                    raise

    @contextmanager
    def _asking(self, image: str, doing: str) -> Iterator[None]:
        """What the SDK raises, as errors that say what to do."""
        from requests.exceptions import RequestException
        from urllib3.exceptions import HTTPError

        try:
            yield
        except self._sdk.errors.NotFound as error:
            if "No such container" not in _words(error):
                raise refused.refusal(_words(error), image=image, doing=doing) from error
            raise TargetError(f"the container is gone, {doing}", hint="somebody removed it: run the step again") from error
        except self._sdk.errors.APIError as error:
            raise refused.refusal(_words(error), image=image, doing=doing) from error
        except (RequestException, HTTPError, self._sdk.errors.DockerException, ConnectionError) as error:
            raise refused.engine_away(self.where, str(error)) from error


def _words(error: Any) -> str:
    return str(error.explanation or error)


def _sdk() -> Any:
    try:
        import docker
    except ImportError as error:
        message = "the Docker SDK for Python, which runs steps in containers, is not installed"
        raise ToolMissingError(message, hint="pip install 'orch-toolkit[docker]'") from error
    return docker


def _connected(sdk: Any) -> tuple[Any, str]:
    where, options = os.environ.get("DOCKER_HOST", ""), {}
    if not where:
        context = sdk.ContextAPI.get_current_context()  # as `docker context use` has chosen it
        where = context.Host
        if context.name != "default":
            options = {"base_url": where, "tls": context.TLSConfig or False}
    try:
        return (sdk.DockerClient(**options) if options else sdk.from_env()), where
    except sdk.errors.DockerException as error:
        raise refused.engine_away(where, str(error)) from error
