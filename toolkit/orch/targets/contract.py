"""What a target offers: a parcel is handed over, its log is heard, its end is waited for, and what it made is taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from orch.errors import OrchError
from orch.model.canonical import Json
from orch.model.docker import DockerSettings
from orch.model.records import StepRecord
from orch.model.resources import ResourceSettings
from orch.model.steps import Step
from orch.runtime.parcels import Parcel
from orch.stores.local import LocalStore


@dataclass(frozen=True, slots=True)
class Ended:
    """How what ran a step came to its end, as the engine tells it. `reason` is the engine's own words, if it has any."""

    exit_code: int
    out_of_memory: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Spec:
    """What a step runs in. `image` names it by its bytes; `reference` is what people call it."""

    image: str
    reference: str
    docker: DockerSettings
    resources: ResourceSettings | None = None

    def to_json(self) -> Json:
        resources = self.resources.to_json() if self.resources else None
        return {"image": self.image, "reference": self.reference, "docker": self.docker.to_json(), "resources": resources}

    @classmethod
    def from_json(cls, data: Json) -> Spec:
        resources = ResourceSettings.from_json(data["resources"]) if data["resources"] else None
        return cls(data["image"], data["reference"], DockerSettings.from_json(data["docker"]), resources)


class Delivery(Protocol):
    """The files that a step gets, as one tar."""

    def chunks(self, parcel: Parcel, owner: tuple[int, int]) -> Iterator[bytes]: ...


class Target(Protocol):
    """A handle is JSON: any process that has it can go on where another one was killed. All of it raises TargetErrors."""

    def handle(self, name: str) -> Json:
        """Of what `submit` will make; written down before, so that nothing is ever there that nobody knows of."""

    def submit(self, parcel: Parcel, spec: Spec, labels: Mapping[str, str], delivery: Delivery) -> Json:
        """Start it, and give its handle; of two calls with one name, the second finds what the first has made."""

    def logs(self, handle: Json) -> Iterator[bytes]:
        """From its first byte, as it appears; that it has ended tells nothing about the step."""

    def wait(self, handle: Json) -> Ended:
        """Its one end; where the engine is gone for a while, it is waited for."""

    def take(self, handle: Json, store: LocalStore) -> StepRecord | None:
        """The record that the step left, with the objects that it names in `store`; None without a record."""

    def cancel(self, handle: Json) -> None:
        """Ask it to stop. Nothing happens to what has ended."""

    def kill(self, handle: Json) -> None: ...

    def remove(self, handle: Json) -> None:
        """With all that it kept there, running or not; nothing happens if it is gone."""


class Flavor(Protocol):
    """What is known of a kind of target without reaching it."""

    NAME: str

    def check(self, step: Step) -> Sequence[OrchError]:
        """What of the step can never run there; pure."""
