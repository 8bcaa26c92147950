"""The two machines of a transport's suites."""

from __future__ import annotations

from pathlib import Path

import pytest

from orch.stores.local import LocalStore


@pytest.fixture
def here(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "here")


@pytest.fixture
def elsewhere(tmp_path: Path) -> LocalStore:
    """Of another machine, which has nothing yet."""
    return LocalStore(tmp_path / "elsewhere", verify=True)
