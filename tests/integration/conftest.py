from __future__ import annotations

import os

import pytest

from orch import system


@pytest.fixture(params=["own"] if os.name == "nt" else ["own", "portable"])
def each_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """This machine's own processes, and those that Windows uses; also in every command line that the test starts."""
    if request.param == "portable":
        from support import portable  # made of what Windows has not

        monkeypatch.setattr(system, "processes", portable.processes)
        monkeypatch.setattr(system, "wakeup", portable.wakeup)
        for name, value in portable.environment().items():
            monkeypatch.setenv(name, value)
    return str(request.param)
