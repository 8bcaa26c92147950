"""What docs/cost.md shows is what happens."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import pages
from support.command_line import CommandLine

from orch.cli.main import main

(MODULE,) = (block.text for block in pages.blocks("docs/cost.md", "python"))
(PLANNED,) = (block.text for block in pages.blocks("docs/cost.md", "console"))


@pytest.fixture
def orch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    (tmp_path / ".git").mkdir()
    (tmp_path / "churn.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return CommandLine(capsys)


def test_the_plan_is_as_shown(orch: CommandLine) -> None:
    command, _, shown = PLANNED.partition("\n")

    assert orch(*command.split()[2:]).out == shown


def test_packing_is_kept_until_it_is_undone_and_spares_the_step_with_a_secret(
    orch: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REPORT_TOKEN", "a token")
    assert orch("run", "churn.py").code == 0  # now it is known that they take no time
    graph = tmp_path / ".github/orch/churn.json"

    assert "churn: 3 jobs" in orch("compile", "--pack", "auto", "churn.py").out
    packed = graph.read_text(encoding="utf-8")
    assert '"packs": [\n    [\n      "load",\n      "clean",\n      "train"\n    ]\n  ]' in packed
    assert "churn: 3 jobs" in orch("compile", "churn.py").out
    assert graph.read_text(encoding="utf-8") == packed
    assert "churn: 5 jobs" in orch("compile", "--pack", "none", "churn.py").out
    assert main(["check"]) == 3  # the action has no release yet; nothing else is to be found
