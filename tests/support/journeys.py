"""A value's way from one step to another, as each takes it: stored, named by a record's JSON, read where nothing is trusted."""

from __future__ import annotations

import json
from pathlib import Path

from orch.materializers import load, save
from orch.model.artifacts import Artifact
from orch.stores.local import LocalStore


class Journey:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = LocalStore(folder / "store")

    def save(self, value: object, *, may_pickle: bool = True) -> Artifact:
        return save(value, self.store, may_pickle=may_pickle)

    def load(self, artifact: Artifact, *, project: Path | None = None) -> object:
        named = Artifact.from_json(json.loads(json.dumps(artifact.to_json())))
        arrived = LocalStore(self.folder / "arrived", verify=True)
        arrived.transfer(named.digests, self.store)  # only what the artifact lists
        return load(named, arrived, scratch=self.folder / "scratch", project=project)

    def __call__(self, value: object) -> object:
        return self.load(self.save(value))
