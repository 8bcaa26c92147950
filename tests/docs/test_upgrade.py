"""docs/upgrade.md shows the pins that `orch init` writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import pages
from support.command_line import CommandLine

(PINS,) = (block.text for block in pages.blocks("docs/upgrade.md", "json"))


def test_the_pins_that_are_shown_are_those_that_init_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    assert CommandLine(capsys)("init").code == 0

    assert json.loads((tmp_path / ".github/orch/pins.json").read_text()) == json.loads(PINS)
