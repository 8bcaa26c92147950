"""What a step away from here gets, and what it leaves: the names of the files, from the one folder that all of it lies in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from orch.model import canonical
from orch.model.artifacts import GATHER, Artifact
from orch.model.canonical import Json
from orch.runtime.execute import Order, Setup

PLACE: Final = "/orch"  # the folder, wherever a step runs
RUNTIME: Final = "runtime.zip"
PROJECT: Final = "project"
INPUTS: Final = "inputs"  # a store
ORDER: Final = "order.json"
SECRETS: Final = "secrets.json"
MADE: Final = "made"  # what comes back:
RECORD: Final = "record.json"
STORE: Final = "store"


class Parcel(NamedTuple):
    """One order for another machine. `inputs` are the objects it reads, by digest, with the folder of the store that has each."""

    name: str  # of this one try, wherever its target keeps it
    setup: Setup
    order: Order
    inputs: Mapping[str, str] = {}
    environment: Mapping[str, str] = {}
    secrets: Mapping[str, str] = {}
    timeout: float | None = None  # seconds, from when the step starts there

    def files(self) -> dict[str, bytes]:
        """Those that are of this parcel alone, besides its inputs; none of them is for anybody's eyes but the step's."""
        told = {"setup": self.setup.to_json(), "order": self.order.to_json(), "timeout": self.timeout}
        found = {ORDER: canonical.dumps(told).encode()}
        if self.secrets:
            found[SECRETS] = canonical.dumps(dict(self.secrets)).encode()
        return found


def parcel(name: str, setup: Setup, order: Order, told: Mapping[str, Json]) -> Parcel:
    """`setup` and `order` are as for a worker on this machine; `told` has the environment, secrets and timeout of the step.

    In the parcel, all paths are those where the step will run.
    """
    folder = setup.project.root.relative_to(setup.project.git_root).as_posix()
    git_root = f"{PLACE}/{PROJECT}"
    there = setup._replace(
        git_root=git_root,
        root=git_root if folder == "." else f"{git_root}/{folder}",
        store=f"{PLACE}/{MADE}/{STORE}",
        scratch="",
        verify=True,
        secrets=[],
    )
    inputs: dict[str, str] = {}
    artifacts = {which: _placed(artifact, setup.store, inputs) for which, artifact in order.artifacts.items()}
    return Parcel(name, there, order._replace(artifacts=artifacts), inputs, told["environment"], told["secrets"], told["timeout"])


def _placed(data: Json, own: str, inputs: dict[str, str]) -> Json:
    """An artifact with its objects among `inputs`, and its place where it will be read."""
    if data["materializer"] == GATHER:  # each of its items is an artifact
        items = [_placed(item, data.get("store", own), inputs) for item in data["meta"]["items"]]
        return {**data, "meta": {**data["meta"], "items": items}}
    inputs.update(dict.fromkeys(Artifact.from_json(data).digests, data.get("store", own)))
    return {**data, "store": f"{PLACE}/{INPUTS}"}


def made(artifacts: Mapping[str, Artifact]) -> Iterator[str]:
    """The digests of the objects that outputs consist of."""
    for artifact in artifacts.values():
        yield from artifact.digests
