from __future__ import annotations

import pytest
from support import portable

from orch import system


@pytest.fixture(params=["own", "portable"])
def each_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """This machine's own processes, and those that Windows uses; also in every command line that the test starts."""
    if request.param == "portable":
        monkeypatch.setattr(system, "processes", portable.processes)
        monkeypatch.setattr(system, "wakeup", portable.wakeup)
        for name, value in portable.environment().items():
            monkeypatch.setenv(name, value)
    return str(request.param)
