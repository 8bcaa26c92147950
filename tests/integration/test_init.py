"""From an empty folder to a first run: exactly what `orch init` prints, typed into a fresh clone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.action_repositories import ActionRepositories

Shell = Callable[[str, Path], str]


@pytest.fixture
def shell(action_repositories: ActionRepositories) -> Shell:
    """A command line in a folder, as a person types it; what it prints. The `orch` is the one of this environment."""
    action_repositories.tag("orch-dev/orch-action", "v0.1.0")
    as_people_have_it = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def run(line: str, folder: Path) -> str:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            ["bash", "-c", line], cwd=folder, env={**as_people_have_it, "PATH": path}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    return run


def commands(printed: str) -> list[str]:
    return re.findall(r"^  (orch .*?) +# ", printed, re.MULTILINE)


@pytest.mark.act
def test_what_init_prints_works_in_a_fresh_clone(tmp_path: Path, shell: Shell) -> None:
    shell("orch init 'my project'", tmp_path)
    shell("orch pin orch-dev/orch-action", tmp_path / "my project")  # as a released toolkit ships it
    printed = shell("orch init", tmp_path / "my project")
    shell("git add --all && git commit --quiet --message 'Add orch'", tmp_path / "my project")
    shell("git clone --quiet 'my project' clone", tmp_path)

    typed = commands(printed)
    said = [shell(line, tmp_path / "clone") for line in typed]

    assert typed == ["orch run pipelines/darts.py", "orch act pipelines/darts.py", "orch check"]
    assert all("600 darts say that pi is 3.1667" in each for each in said[:2])
    assert said[2] == "1 pipeline: its generated files are up to date\n"
    assert shell("git status --short", tmp_path / "clone") == ""
    assert "created" not in shell("orch init", tmp_path / "clone").partition("\nnext:")[0]
