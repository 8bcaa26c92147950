"""What docs/docker.md shows is what there is."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from support import pages
from support.command_line import CommandLine
from support.docker import IMAGE

from orch.model.docker import DockerSettings

(MODULE,) = (block.text for block in pages.blocks("docs/docker.md", "python"))


@pytest.fixture
def orch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return CommandLine(capsys)


def test_the_table_has_every_key() -> None:
    shown = re.findall(r"^\| `(\w+)` \|", pages.text("docs/docker.md"), re.MULTILINE)

    assert shown == [field.name for field in dataclasses.fields(DockerSettings)]


def test_the_pipeline_is_refused_in_a_workflow_with_the_way_there(orch: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text(MODULE, encoding="utf-8")

    outcome = orch("compile", "pipeline.py")

    assert outcome.code == 3
    assert "step 'train' has the target 'docker', which jobs of a workflow do not have yet [unsupported]" in outcome.err
    assert "github={'container': 'python:3.12-slim'}" in outcome.err
    assert not (tmp_path / ".github").exists()


@pytest.mark.docker
def test_the_pipeline_runs(orch: CommandLine, tmp_path: Path) -> None:
    code = MODULE.replace("python:3.12-slim", IMAGE).replace("cpu_count=2", "cpu_count=1")
    (tmp_path / "pipeline.py").write_text(code, encoding="utf-8")

    assert orch("run", "pipeline.py").code == 0
    assert "train  cached" in orch("run", "pipeline.py").out
