from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.journeys import Journey


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
    return lambda name: monkeypatch.setitem(sys.modules, name, None)
