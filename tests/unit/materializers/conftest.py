from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orch.materializers import load, save
from orch.model.artifacts import Artifact
from orch.stores.local import LocalStore


class Journey:
    """A value's way from one step to another: stored, named by a record's JSON, and read by a store that trusts nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = LocalStore(folder / "store")

    def save(self, value: object) -> Artifact:
        return save(value, self.store)

    def load(self, artifact: Artifact) -> object:
        named = Artifact.from_json(json.loads(json.dumps(artifact.to_json())))
        arrived = LocalStore(self.folder / "arrived", verify=True)
        arrived.transfer(named.digests, self.store)  # only what the artifact lists
        return load(named, arrived, scratch=self.folder / "scratch")

    def __call__(self, value: object) -> object:
        return self.load(self.save(value))


@pytest.fixture
def journey(tmp_path: Path) -> Journey:
    return Journey(tmp_path)


@pytest.fixture(scope="module")
def long_journey(tmp_path_factory: pytest.TempPathFactory) -> Journey:
    """One for all examples of a property."""
    return Journey(tmp_path_factory.mktemp("journey"))


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a package one that is not installed."""
    import sys

    return lambda name: monkeypatch.setitem(sys.modules, name, None)
