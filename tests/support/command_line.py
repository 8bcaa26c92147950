"""Command lines in this process, with what they print and their exit code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import pytest

from orch.cli.main import main


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@dataclass
class CommandLine:
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Outcome:
        self.capture.readouterr()
        code = main(arguments)
        return Outcome(int(code), *self.capture.readouterr())
