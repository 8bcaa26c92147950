from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.command_line import CommandLine

from orch.authoring.load import separate_modules


@pytest.fixture
def orch(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture(autouse=True)
def modules_of_its_own() -> Iterator[None]:
    """What a command of one test loads in this process is not there for the next."""
    with separate_modules():
        yield
