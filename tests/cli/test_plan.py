"""`orch plan`: the jobs, the time and the bill of a pipeline's workflow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command_line import CommandLine

PIPELINE = """
from orch import ResourceSettings, pipeline, step

@step
def load() -> int:
    return 1

@step
def train(x: int) -> int:
    return x

@step(resources=ResourceSettings(gpu_count=1))
def tune(x: int) -> int:
    return x

@pipeline
def flow() -> None:
    train(load())

@pipeline
def dear() -> None:
    tune(load())

@step
def names() -> list[str]:
    return ["a", "b", "c"]

@step(max_items=20)
def grow(name: str) -> str:
    return name

@step
def cut(name: str) -> str:
    return name

@pipeline
def garden() -> None:
    cut.map(grow.map(names()))
    cut.map(names())
"""
RUNNERS = "runners:\n- {label: gpu-box, gpu_count: 1PRICE}\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "flow.py").write_text(PIPELINE)
    (tmp_path / "orch.yaml").write_text(RUNNERS.replace("PRICE", ""))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_job_is_shown_with_what_it_waits_for_takes_and_costs(orch: CommandLine) -> None:
    assert orch("plan", "flow.py:flow").out.splitlines() == [
        "JOB          WAITS FOR    RUNNER           TIME  MINUTES    COST",
        "load                      ubuntu-24.04  ~30.0 s        1  $0.006",
        "train        load         ubuntu-24.04  ~30.0 s        1  $0.006",
        "orch-result  load, train  ubuntu-slim    2.00 s        1  $0.002",
        "",
        "flow: 3 jobs, 1 min 59 s to the end, 3 minutes on the bill, $0.014",
        "the end waits for: load -> train -> orch-result",
        "edges: 1 between steps, 3 between jobs with those to the result",
        "~ has not run on this machine yet: a guess",
        "prices of 2026-08-31 for a private repository; GitHub's standard runners cost nothing in public ones",
    ]


def test_what_ran_here_is_taken_to_last_as_long_as_it_did(orch: CommandLine) -> None:
    assert orch("run", "flow.py:flow").code == 0
    (plan,) = json.loads(orch("plan", "flow.py:flow", "--json").out)

    measured = {job["id"]: job["seconds"] for job in plan["jobs"] if job["steps"]}
    assert all(job["measured"] for job in plan["jobs"])
    assert 0 < measured["load"] < 30
    assert (plan["minutes"], plan["usd"], plan["critical_path"]) == (3, 0.014, ["load", "train", "orch-result"])


def test_what_a_count_of_items_rests_on_is_said(orch: CommandLine) -> None:
    before = orch("plan", "flow.py:garden").out
    for line in (
        "grow is taken to have 20 items, its max_items",
        "cut is taken to have 20 items, its max_items",
        "cut_2 is taken to have 1 item, as nobody knows how many: `@step(max_items=...)` says how many there may be",
    ):
        assert line in before.splitlines()
    assert "on the bill, at least $0." in before
    orch("run", "flow.py:garden")
    after = orch("plan", "flow.py:garden").out

    assert after.count("is taken to have 3 items, as its last runs on this machine had at most") == 3
    assert "at least" not in after
    jobs = {job["id"]: job for job in json.loads(orch("plan", "flow.py:garden", "--json").out)[0]["jobs"]}
    assert [jobs["grow"][key] for key in ("legs", "items", "counted_by")] == [3, 3, "runs"]


def test_a_runner_whose_price_nobody_said_is_no_free_one(orch: CommandLine, project: Path) -> None:
    shown = orch("plan", "flow.py:dear").out
    assert "no price is known for gpu-box: name `price_per_minute` with the runner in orch.yaml" in shown
    assert shown.splitlines()[2].endswith("?")

    (project / "orch.yaml").write_text(RUNNERS.replace("PRICE", ", price_per_minute: 0.07"))
    assert "$0.070" in orch("plan", "flow.py:dear").out


def test_a_check_fails_where_a_run_costs_more_than_it_may(orch: CommandLine, project: Path) -> None:
    (project / "orch.yaml").write_text("action: ./\nmax_cost: 0.01\n")
    orch("compile", "flow.py:flow")
    done = orch("check", "flow.py:flow")

    assert done.code == 3
    assert "flow.py: error: a run of 'flow' costs about $0.014, more than the max_cost of $0.010 in orch.yaml [limit]" in done.err
    (project / "orch.yaml").write_text("action: ./\nmax_cost: 0.02\n")
    assert orch("check", "flow.py:flow").code == 0


def test_a_check_of_the_cost_needs_all_prices(orch: CommandLine, project: Path) -> None:
    (project / "orch.yaml").write_text("action: ./\nmax_cost: 1\n" + RUNNERS.replace("PRICE", ""))
    orch("compile", "flow.py:dear")
    done = orch("check", "flow.py:dear")

    assert done.code == 3
    assert "nobody knows the price of the runner 'gpu-box'" in done.err
    assert "`price_per_minute: 0` for a runner of your own" in done.err


@pytest.mark.parametrize("line", ["max_cost: -1", "max_cost: .inf", "max_cost: cheap", "runners: [{label: x, price_per_minute: -1}]"])
def test_no_amount_of_dollars_is_refused_with_its_line(orch: CommandLine, project: Path, line: str) -> None:
    (project / "orch.yaml").write_text(f"{line}\n")
    done = orch("plan", "flow.py:flow")

    assert done.code == 2
    assert "orch.yaml:1" in done.err


def test_packing_shows_the_bill_before_and_after(orch: CommandLine) -> None:
    assert not any(line.startswith("with a job for each") for line in orch("plan", "flow.py:flow", "--pack", "auto").out.splitlines())
    orch("run", "flow.py:flow")  # now it is known that they take no time
    shown = orch("plan", "flow.py:flow", "--pack", "auto").out.splitlines()

    assert shown[1].startswith("load + 1 more ")
    assert any(line.startswith("flow: 2 jobs, ") for line in shown)
    assert "with a job for each step: 3 jobs, 59.0 s to the end, 3 minutes on the bill, $0.014" in shown


def test_a_pack_that_no_step_names_any_more_is_none(orch: CommandLine, project: Path) -> None:
    (project / "orch.yaml").write_text("action: ./\n")
    named = PIPELINE.replace("@step\ndef", '@step(pack="data")\ndef')
    (project / "flow.py").write_text(named)
    assert "flow: 2 jobs" in orch("compile", "flow.py:flow").out
    (project / "flow.py").write_text(PIPELINE)

    assert "flow: 3 jobs" in orch("compile", "flow.py:flow").out
