"""`orch explain` from the outside: every kind of reason and of change, of runs and of what would run."""

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
from helper import half
from orch import pipeline, step

@step(files=["data.csv"])
def load(rows: int) -> list[int]:
    return list(range(rows))

@step(environment={"MODE": "fast"})
def train(xs: list[int], lr: float, scale: float) -> float:
    return half(sum(xs)) * lr * scale

@step
def report(x: float) -> None:
    print(x)

@step(cache=False)
def always() -> int:
    return 1

@pipeline
def churn(rows: int = 5, lr: float = 0.5) -> None:
    report(train(load(rows), lr, 2.0))
    always()
"""
HELPER = """
def half(x: float) -> float:
    return x / 2
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    (tmp_path / "helper.py").write_text(HELPER)
    (tmp_path / "data.csv").write_text("1")
    return tmp_path


def orch(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "orch", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(TOOLKIT)}
    return subprocess.run(command, env=environment, cwd=project, capture_output=True, text=True, check=False)


def run(project: Path, *arguments: str) -> str:
    """Its id."""
    done = orch(project, "run", "pipeline.py", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout.splitlines()[-1])["run"])


def explain(project: Path, *arguments: str) -> dict[str, Any]:
    done = orch(project, "explain", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def told(change: dict[str, str]) -> tuple[str, str, str, str]:
    return change["kind"], change["name"], change["old"], change["new"]


def test_a_recorded_step_is_explained_by_its_cause(project: Path) -> None:
    first = run(project)
    second = run(project)

    def cause(*words: str) -> tuple[str, str, str]:
        found = explain(project, *words)
        return found["state"], found["cause"], found["reason"]

    assert cause(first, "train") == ("succeeded", "first", "it had not run before")
    assert cause("train") == cause(second, "train") == ("cached", "hit", f"as in run {first}")
    assert cause("report") == ("succeeded", "no-outputs", "it has no outputs, and cache=True is not said")
    assert cause("always") == ("succeeded", "disabled", "cache=False")
    third = run(project, "--no-cache")
    assert cause(third, "train") == ("succeeded", "asked", "it was asked to, whatever ran before")


def test_a_step_that_ran_names_every_change_since_its_result_before(project: Path) -> None:
    first = run(project)
    edit(project / "helper.py", "x / 2", "x / 4")
    edit(project / "pipeline.py", "return list(range(rows))", "return list(range(rows + 1))")
    edit(project / "pipeline.py", '"fast"', '"slow"')
    edit(project / "pipeline.py", "2.0)", "3.0)")
    (project / "data.csv").write_text("2")
    second = run(project, "--set", "lr=0.7")

    train, load = explain(project, second, "train"), explain(project, second, "load")

    assert (train["cause"], train["since"], train["run"]) == ("changed", first, second)
    assert [told(change) for change in train["changes"] if change["kind"] != "input"] == [
        ("code", "helper.py:3", "return x / 2", "return x / 4"),
        ("parameter", "lr", "0.5", "0.7"),
        ("argument", "scale", "2.0", "3.0"),
        ("setting", "MODE", "fast", "slow"),
    ]
    (digest,) = (change for change in train["changes"] if change["kind"] == "input")
    assert digest["name"] == "xs"
    assert digest["old"].startswith("sha256:")
    assert digest["old"] != digest["new"]
    assert [told(change)[:2] for change in load["changes"]] == [("code", "pipeline.py:8"), ("file", "data.csv")]


def test_what_the_next_run_would_do_is_told_without_running(project: Path) -> None:
    first = run(project)
    assert explain(project, "pipeline.py", "train")["state"] == "cached"
    edit(project / "helper.py", "x / 2", "x / 4")

    train = explain(project, "pipeline.py", "train", "--set", "lr=0.7")

    assert (train["state"], train["cause"], train["since"], train["run"]) == ("run", "changed", first, "")
    assert [told(change) for change in train["changes"]] == [
        ("code", "helper.py:3", "return x / 2", "return x / 4"),
        ("parameter", "lr", "0.5", "0.7"),
    ]
    assert len(list((project / ".orch/runs").iterdir())) == 1


def test_a_step_whose_inputs_are_not_known_yet_may_run(project: Path) -> None:
    run(project)
    edit(project / "pipeline.py", "return list(range(rows))", "return list(range(rows + 0))")

    train = explain(project, "pipeline.py", "train")
    assert train["state"] == "maybe"
    assert train["reason"] == "'load' must run first (its code has changed); if what it reads comes out as before, it is cached"

    edit(project / "helper.py", "x / 2", "x / 4")
    train = explain(project, "pipeline.py", "train")
    assert train["reason"] == "'load' must run first (its code has changed); then it runs: its code has changed"
    assert [change["name"] for change in train["changes"]] == ["helper.py:3"]


def test_a_comment_or_the_layout_of_the_code_changes_nothing(project: Path) -> None:
    run(project)
    edit(project / "helper.py", "    return x / 2", "    # why\n    return (x /\n            2)")

    assert explain(project, "pipeline.py", "train")["state"] == "cached"


def test_what_cannot_be_seen_is_named(project: Path) -> None:
    edit(project / "pipeline.py", "    return half(", "    __import__('hel' + 'per')\n    return half(")

    edit(project / "pipeline.py", "    return 1", "    __import__('o' + 's')\n    return 1")
    first, second = run(project), run(project)

    for words in ("pipeline.py", first, second):
        assert explain(project, words, "train")["blind"] == ["pipeline.py:12: __import__('hel' + 'per')"]
        assert explain(project, words, "always")["blind"] == []  # it runs whatever changes
    assert orch(project, "gc", "--older-than", "0s").returncode == 0
    assert explain(project, second, "train")["blind"] == ["pipeline.py:12: __import__('hel' + 'per')"]


def test_people_see_the_lines_as_they_were_and_as_they_are(project: Path) -> None:
    first = run(project)
    edit(project / "helper.py", "x / 2", "x / 4")
    second = run(project, "--set", "lr=0.7")

    assert orch(project, "explain", "train").stdout.splitlines() == [
        f"train succeeded in run {second}: what it depends on had changed",
        f"since the result of run {first}:",
        "  code       helper.py:3",
        "             - return x / 2",
        "             + return x / 4",
        "  parameter  lr  0.5 -> 0.7",
    ]
    assert orch(project, "explain", "pipeline.py", "train").stdout.splitlines()[0].startswith("train runs next time: ")


def test_of_a_run_and_of_the_next_one_the_same_changes_are_told(project: Path) -> None:
    run(project)
    edit(project / "helper.py", "x / 2", "x / 4")
    edit(project / "pipeline.py", "train(load(rows), lr, 2.0)", "train(load(rows), lr, 3.0)")
    (project / "data.csv").write_text("2")
    before = {step: explain(project, "pipeline.py", step, "--set", "lr=0.7") for step in ("load", "train")}
    run(project, "--set", "lr=0.7")

    for step, next_time in before.items():
        assert next_time["changes"] != []
        assert explain(project, step)["changes"] == next_time["changes"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["trian"], 2, "has no step 'trian'"),
        (["pipeline.py", "trian"], 2, "did you mean 'train'?"),
        (["nothing", "train"], 2, "no run 'nothing'"),
        (["a", "b", "c"], 2, "3 arguments, expected a step, or a run or file and a step"),
        (["train", "--set", "lr=1"], 2, "--set and --config are for what the next run would do"),
        (["absent.py", "train"], 2, "absent.py"),
        (["pipeline.py", "train", "--set", "lr=x"], 2, "expected a number"),
    ],
)
def test_a_mistake_is_named_with_the_way_out(project: Path, words: list[str], code: int, message: str) -> None:
    run(project)

    done = orch(project, "explain", *words)

    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert "help:" in done.stderr


def test_without_any_run_there_is_nothing_to_explain(project: Path) -> None:
    done = orch(project, "explain", "train")

    assert "no runs in '.orch'" in done.stderr


def test_a_secret_that_is_an_argument_is_not_shown(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(project / "pipeline.py", '@step(environment={"MODE": "fast"})', '@step(secrets=["TOKEN"])')
    edit(project / "pipeline.py", "def train(xs: list[int], lr: float, scale: float)", "def train(xs: list[int], lr: float, scale: str)")
    edit(project / "pipeline.py", "* lr * scale", "* lr")
    edit(project / "pipeline.py", "2.0)", '"s3cr3t-t0ken-" + "one")')
    monkeypatch.setenv("TOKEN", "s3cr3t-t0ken-one")
    run(project)
    edit(project / "pipeline.py", '"one"', '"one" + "!"')
    shown = orch(project, "explain", "pipeline.py", "train").stdout

    assert "argument" in shown
    assert "s3cr3t" not in shown
