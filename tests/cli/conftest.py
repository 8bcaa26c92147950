from __future__ import annotations

import pytest
from support.command_line import CommandLine


@pytest.fixture
def orch(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)
