"""`orch run --step`, `--from` and `--config` from the outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOOLKIT = Path(__file__).parents[2] / "toolkit"
PIPELINE = """
from __future__ import annotations
from orch import pipeline, step

@step
def load(rows: int) -> list[int]:
    return list(range(rows))

@step
def train(xs: list[int], lr: float) -> float:
    return sum(xs) * lr

@step
def report(x: float, name: str) -> str:
    return f"{name}: {x}"

@step
def notify(after_report: str) -> None:
    print("told", after_report)

@pipeline
def churn(rows: int = 5, lr: float = 0.5, name: str = "it") -> None:
    notify(report(train(load(rows), lr), name))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    return tmp_path


def orch(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "orch", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(TOOLKIT)}
    return subprocess.run(command, env=environment, cwd=project, capture_output=True, text=True, check=False)


def run(project: Path, *arguments: str) -> dict[str, Any]:
    done = orch(project, "run", "pipeline.py", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    record: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return record


def states(record: dict[str, Any]) -> dict[str, str]:
    return {step["id"]: step["state"] for step in record["steps"]}


def preview(record: dict[str, Any], step: str) -> str:
    (told,) = (each for each in record["steps"] if each["id"] == step)
    return str(told["outputs"]["output"]["preview"])


def edit(project: Path, old: str, new: str) -> None:
    text = PIPELINE.replace(old, new)
    assert text != PIPELINE
    (project / "pipeline.py").write_text(text)


def entries(project: Path) -> int:
    return len((project / ".orch/cache/index.jsonl").read_text().splitlines())


def test_one_step_runs_on_what_the_last_run_left_and_leaves_no_result_for_later_runs(project: Path) -> None:
    first = run(project)
    before = entries(project)
    edit(project, "sum(xs) * lr", "max(xs) * lr")

    part = run(project, "--step", "train", "--set", "lr=0.1")

    assert states(part) == {"load": "cached", "train": "succeeded"}
    assert part["part"] == ["train"]
    assert (part["steps"][0]["cached_from"], part["steps"][0]["reason"]) == (first["run"], f"not in this part: as in run {first['run']}")
    assert preview(part, "train") == "0.4"
    assert entries(project) == before
    assert states(run(project, "--set", "lr=0.1"))["train"] == "succeeded"


def test_parts_build_on_each_other(project: Path) -> None:
    run(project)
    edit(project, "sum(xs) * lr", "max(xs) * lr")
    run(project, "--step", "train")

    assert preview(run(project, "--step", "report"), "report") == "'it: 2.0'"
    assert states(run(project, "--step", "train", "--step", "notify")) == {
        "load": "cached",
        "train": "succeeded",
        "report": "cached",
        "notify": "succeeded",
    }


def test_from_a_step_on_everything_below_runs(project: Path) -> None:
    run(project)

    part = run(project, "--from", "train")

    assert states(part) == {"load": "cached", "train": "succeeded", "report": "succeeded", "notify": "succeeded"}
    assert part["part"] == ["train", "report", "notify"]


def test_an_input_that_no_run_left_is_named_with_the_command_that_makes_it(project: Path) -> None:
    done = orch(project, "run", "pipeline.py", "--step", "train")

    assert (done.returncode, done.stdout) == (2, "")
    assert "step 'train' reads from 'load', and no run on this machine has left its outputs" in done.stderr
    hint = next(line for line in done.stderr.splitlines() if "help: " in line).partition("help: orch ")[2]
    assert orch(project, *hint.split()).returncode == 0
    assert orch(project, "run", "pipeline.py", "--step", "train").returncode == 0


def test_people_see_that_it_was_a_part(project: Path) -> None:
    run(project)

    done = orch(project, "run", "pipeline.py", "--step", "train")
    shown = orch(project, "runs", "show")

    assert ", only train (rows=5" in done.stdout.splitlines()[0]
    assert ", only train (" in shown.stdout.splitlines()[0]
    assert "not in this part: as in run " in shown.stdout
    assert orch(project, "runs", "logs").returncode == 0
    assert "it was asked to, whatever ran before" in orch(project, "explain", "train").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--step", "train", "--from", "load"], 2, "--step and --from do not go together"),
        (["--step", "trian"], 2, "did you mean 'train'?"),
        (["--from", "trian"], 2, "pipeline 'churn' has no step 'trian'"),
        (["--step", "x", "--step", "y"], 2, "pipeline 'churn' has no step 'y'"),
    ],
)
def test_a_part_that_is_none_is_an_error(project: Path, arguments: list[str], code: int, message: str) -> None:
    done = orch(project, "run", "pipeline.py", *arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert not (project / ".orch/runs").exists()


def test_a_damaged_input_of_a_part_fails_its_step_with_the_way_out(project: Path) -> None:
    run(project)
    for file in (project / ".orch/store/objects").glob("*/*"):
        if file.read_bytes() == b"[0,1,2,3,4]":
            file.chmod(0o600)
            file.write_bytes(b"[9,1,2,3,4]")

    done = orch(project, "run", "pipeline.py", "--step", "train")

    assert done.returncode == 1
    assert "not those its digest names" in done.stdout
    assert run(project, "--step", "load")["state"] == run(project, "--step", "train")["state"] == "succeeded"


def test_a_file_gives_parameters_and_set_wins(project: Path) -> None:
    (project / "night.yaml").write_text("rows: 3\nlr: 1e-1\nname: no\n")

    record = run(project, "--config", "night.yaml", "--set", "rows=4")

    assert record["parameters"] == {"rows": 4, "lr": 0.1, "name": "no"}
    assert preview(record, "report") == "'no: 0.6000000000000001'"


def test_everything_that_is_wrong_with_a_file_is_told_with_its_lines(project: Path) -> None:
    (project / "night.yaml").write_text("rows: yes\nlr: 0.1\nraws: 5\n")

    done = orch(project, "run", "pipeline.py", "--config", "night.yaml")

    assert (done.returncode, done.stdout) == (2, "")
    assert "night.yaml:1: error: parameter 'rows': 'yes': expected a whole number" in done.stderr
    assert "night.yaml:3: error: no parameter 'raws'" in done.stderr
    assert orch(project, "run", "pipeline.py", "--config", "absent.yaml").returncode == 2
