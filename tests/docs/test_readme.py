"""What the README shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import yaml
from support import pages
from support.github_parser import GitHubParser

from orch.__main__ import main
from orch.cli.main import COMMANDS

ROOT: Final = Path(__file__).parents[2]
README: Final = (ROOT / "README.md").read_text(encoding="utf-8")


PYTHON: Final = [block.text for block in pages.blocks("README.md", "python")]
YAML: Final = [block.text for block in pages.blocks("README.md", "yaml")]
CONSOLE: Final = [line for block in pages.blocks("README.md", "console") for line in block.text.splitlines()]


@pytest.fixture
def stats(tmp_path: Path) -> Path:
    """The README's pipeline, in a repository of its own."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "stats.py").write_text(PYTHON[0], encoding="utf-8")
    return tmp_path


def orch(*arguments: str, cwd: Path) -> str:
    done = subprocess.run([sys.executable, "-m", "orch", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_pipeline_runs_as_a_script(stats: Path) -> None:
    done = subprocess.run([sys.executable, "stats.py"], cwd=stats, capture_output=True, text=True, check=True)

    assert "mean 395.0, median 348.3" in done.stdout


def test_the_search_is_a_part_of_the_example() -> None:
    source = pages.text("examples/search/pipeline.py")

    assert len(PYTHON) == 2
    assert "".join(f"    {line}\n" for line in PYTHON[1].splitlines()) in source


def test_the_job_is_the_one_that_the_pipeline_compiles_to(stats: Path) -> None:
    orch("compile", "stats.py", cwd=stats)

    assert YAML[0] in (stats / ".github/workflows/stats.yml").read_text(encoding="utf-8")


def test_the_workflow_written_by_hand_is_one_and_gives_inputs_that_the_action_has(github_parser: GitHubParser) -> None:
    text = YAML[1]
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))

    assert github_parser.errors("x.yml", text) == []
    assert set(yaml.safe_load(text)["jobs"]["stats"]["steps"][1]["with"]) <= set(action["inputs"])


@pytest.mark.parametrize("command", re.findall(r"^\| `orch ([a-z ]*[a-z])", README, re.MULTILINE))
def test_every_command_of_the_table_exists(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["orch", *command.removesuffix(" bash").split(), "--help"])

    assert main() == 0
    assert capsys.readouterr().out.startswith("Usage: orch ")


def test_every_command_that_people_type_stands_in_the_table() -> None:
    named = {command.split()[0] for command in re.findall(r"^\| `orch ([a-z ]*[a-z])", README, re.MULTILINE)}

    assert named == set(COMMANDS) - {"step"}  # which is for jobs


def test_every_line_to_type_is_a_task_or_a_command_for_the_pipeline_shown() -> None:
    assert set(CONSOLE) == {"python3 tasks.py example", "python3 tasks.py test", "orch act stats.py"}
