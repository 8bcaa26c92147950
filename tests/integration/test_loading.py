"""What a user's module writes while it is loaded, by whatever way: never to stdout's answer, and no runner obeys it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from support.hostile import obeyed

TOOLKIT: Final = Path(__file__).parents[2] / "toolkit"
MODULE: Final = """
import os, subprocess, sys
from orch import pipeline, step

print("::set-env name=A::imported")
print("::add-mask::e", file=sys.stderr)
os.write(1, b"::set-env name=B::written to the descriptor\\n")
subprocess.run([sys.executable, "-c", "print('::set-env name=C::by another program')"], check=True)
sys.__stdout__.write("::set-env name=D::past what stands for stdout\\n")

@step
def load() -> int:
    return 1

@pipeline
def p() -> None:
    load()
    print("::set-env name=E::traced")
    print("the end ::set-env name=F::of a line", end="")
"""
COMMANDS: Final = ("run pipeline.py", "run --json pipeline.py", "compile", "check", "graph pipeline.py", "explain pipeline.py load")
ENTRYPOINTS: Final = ("pipeline run --pipeline pipeline.py --home home",)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pipeline.py").write_text(MODULE)
    return tmp_path


def orch(project: Path, line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    given = {**os.environ, "PYTHONPATH": str(TOOLKIT), **environment}
    return subprocess.run([sys.executable, "-P", "-m", "orch", *line.split()], cwd=project, env=given, capture_output=True, check=False)


@pytest.mark.parametrize("line", [*COMMANDS, *ENTRYPOINTS])
def test_no_line_of_it_commands_a_runner(project: Path, line: str) -> None:
    done = orch(project, line, GITHUB_ACTIONS="true", RUNNER_TEMP=str(project))

    assert b"traced" in done.stdout + done.stderr
    obeyed_ = [command for stream in (done.stdout, done.stderr) for command, _ in obeyed(stream)]
    assert set(obeyed_) <= {"stop-commands", "error", "notice", "warning"}
    if done.returncode:  # what orch itself says at the end is heard
        assert obeyed_[-1] == "error"


@pytest.mark.parametrize("line", ["run --json pipeline.py", "compile", "check", "graph pipeline.py"])
def test_all_of_it_is_on_stderr_where_stdout_answers(project: Path, line: str) -> None:
    done = orch(project, line)

    for word in (b"imported", b"descriptor", b"another program", b"past what stands", b"traced"):
        assert word in done.stderr, word
        assert word not in done.stdout, word


def test_every_line_of_a_json_answer_is_json(project: Path) -> None:
    lines = orch(project, "run --json pipeline.py").stdout.splitlines()

    assert [json.loads(line).get("event") for line in lines] == ["run-started", "step-started", "step-ended", None]


def test_a_module_that_fails_while_it_is_loaded_is_annotated(project: Path) -> None:
    (project / "pipeline.py").write_text("print('words without an end', end='')\nraise ValueError('no')\n")

    done = orch(project, "run pipeline.py", GITHUB_ACTIONS="true")

    assert [command for command, _ in obeyed(done.stderr)][-1] == "error"
    assert b"words without an end\n" in done.stderr
