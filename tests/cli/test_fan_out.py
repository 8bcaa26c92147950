"""Mapped steps from the outside: what is shown of their legs, and what of many of them is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

TOOLKIT = Path(__file__).parents[2] / "toolkit"
PIPELINE = """
from orch import log_metadata, pipeline, step

@step
def load(n: int) -> list[int]:
    return list(range(n))

@step
def halve(x: int) -> float:
    if x == 13:
        raise ValueError("thirteen")
    log_metadata(x=x)
    return x / 2

@step
def report(xs: list[float]) -> str:
    return f"{len(xs)} halves"

@pipeline
def churn(n: int = 12) -> None:
    report(halve.map(load(n)))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    return tmp_path


def orch(project: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "orch", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(TOOLKIT)}
    return subprocess.run(command, env=environment, cwd=project, capture_output=True, text=True, check=False).stdout


def test_legs_that_went_well_are_one_line_and_the_others_have_one_each(project: Path) -> None:
    orch(project, "run", "pipeline.py", "--set", "n=20")
    lines = orch(project, "runs", "show").splitlines()
    table = [line.split()[:2] for line in lines[lines.index("") + 1 :]][:4]

    assert table == [["load", "succeeded"], ["halve", "failed"], ["halve.13", "failed"], ["report", "skipped"]]
    assert any(line.startswith("halve.13 failed (pipeline.py:11): ValueError: thirteen") for line in lines)
    assert sum(line.startswith("halve.") and ".x " in line for line in lines) == 10
    assert "12 legs" in orch(project, "run", "pipeline.py")


def test_events_and_the_record_have_every_leg(project: Path) -> None:
    lines = [json.loads(line) for line in orch(project, "run", "pipeline.py", "--json").splitlines()]
    legs = [f"halve.{leg}" for leg in range(12)]

    assert sorted(line["id"] for line in lines if line.get("event") == "step-started" and "." in line["id"]) == sorted(legs)
    assert [step["id"] for step in lines[-1]["steps"]] == ["load", "halve", *legs, "report"]
    assert lines[-1] == json.loads(orch(project, "runs", "show", "--json"))


def test_a_leg_is_explained_after_a_run_and_before_the_next(project: Path) -> None:
    orch(project, "run", "pipeline.py")

    assert "halve.3 succeeded in run" in orch(project, "explain", "halve.3")
    assert "halve.3 is cached next time" in orch(project, "explain", "pipeline.py", "halve.3")
    assert "halve is cached next time: all 12 legs as in run" in orch(project, "explain", "pipeline.py", "halve")
    assert "halve may run next time: 'load' must run first" in orch(project, "explain", "pipeline.py", "halve", "--set", "n=13")

    (project / "pipeline.py").write_text(PIPELINE.replace("x / 2", "x / 4"))
    said = orch(project, "explain", "pipeline.py", "halve")
    assert said.startswith("halve runs next time: 12 of 12 legs must run; halve.0: its code has changed\n")
    assert "return x / 4" in said
    assert orch(project, "explain", "pipeline.py", "report").startswith("report may run next time: 'halve' must run first (12 of 12 legs")


def test_the_log_of_a_leg_is_printed_by_its_name(project: Path) -> None:
    (project / "pipeline.py").write_text(PIPELINE.replace("log_metadata(x=x)", "print('x is', x)"))
    orch(project, "run", "pipeline.py")

    assert "x is 7" in orch(project, "runs", "logs", "--step", "halve.7")


def test_a_graph_says_what_a_step_is_mapped_over(project: Path) -> None:
    assert 's_halve["halve<br/>for each x"]' in orch(project, "graph", "pipeline.py")


def test_gc_keeps_what_legs_of_a_kept_run_made(project: Path) -> None:
    orch(project, "run", "pipeline.py")
    orch(project, "gc")
    lines = orch(project, "run", "pipeline.py").splitlines()

    assert [line.split()[1] for line in lines if line.startswith(("halve ", "report "))][-2:] == ["cached", "cached"]


def test_after_a_kill_the_legs_that_had_ended_are_not_run_again(project: Path) -> None:
    waits = "if x == 7 and not Path('again').exists():\n        Path('blocked').touch()\n        time.sleep(60)"
    code = PIPELINE.replace("log_metadata(x=x)", waits).replace("from orch", "import time\nfrom pathlib import Path\nfrom orch", 1)
    (project / "pipeline.py").write_text(code)
    command = [sys.executable, "-m", "orch", "run", "pipeline.py", "--jobs", "1"]
    environment = {**os.environ, "PYTHONPATH": str(TOOLKIT)}
    running = subprocess.Popen(command, env=environment, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 300
    while not ((project / "blocked").exists() and "halve.6" in _journal(project)) and time.monotonic() < until:
        time.sleep(0.01)
    running.kill()
    running.wait()

    assert "it was killed" in orch(project, "runs", "show")
    (project / "again").touch()
    record = json.loads(orch(project, "run", "pipeline.py", "--json").splitlines()[-1])
    states = {step["id"]: step["state"] for step in record["steps"]}
    assert [states[f"halve.{leg}"] for leg in range(12)] == ["cached"] * 7 + ["succeeded"] * 5


def _journal(project: Path) -> str:
    return "".join(file.read_text() for file in project.glob(".orch/runs/*/records.jsonl"))


def test_parts_of_a_pipeline_read_what_legs_left(project: Path) -> None:
    orch(project, "run", "pipeline.py")
    report = json.loads(orch(project, "run", "pipeline.py", "--step", "report", "--json").splitlines()[-1])
    halve = json.loads(orch(project, "run", "pipeline.py", "--step", "halve", "--json").splitlines()[-1])

    assert {step["id"]: step["state"] for step in report["steps"]} == {"halve": "cached", "report": "succeeded"}
    assert [step["state"] for step in halve["steps"]] == ["cached", *["succeeded"] * 13]
