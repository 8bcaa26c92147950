"""`orch check --base`: what a change means, for the terminal and the summary of a job."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.command_line import CommandLine

PIPELINE = """
from orch import Schedule, pipeline, step

@step
def load() -> int:
    return 1

@step
def train(x: int) -> int:
    return x

@pipeline
def flow() -> None:
    train(load())
"""
CHANGED = """
from orch import Schedule, pipeline, step

@step
def load() -> int:
    return 1

@step(secrets=["HF_TOKEN"], timeout="30m")
def train(x: int) -> int:
    return x

@step(deploys_to="production")
def report(x: int) -> None: ...

@pipeline(schedule=Schedule("7 2 * * *", timezone="Europe/Berlin"))
def flow() -> None:
    report(train(load()))
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orch: CommandLine) -> Path:
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet", "--initial-branch", "main")
    (tmp_path / "orch.yaml").write_text("action: ./\n")
    (tmp_path / "flow.py").write_text(PIPELINE)
    assert orch("compile").code == 0
    commit("one")
    return tmp_path


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True)


def commit(message: str) -> None:
    git("add", "--all")
    git("-c", "user.name=me", "-c", "user.email=me@example.org", "commit", "--quiet", "--message", message)


def test_a_change_is_told_by_what_it_means(orch: CommandLine, project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    (project / "flow.py").write_text(CHANGED)
    orch("compile")
    done = orch("check", "--base", "main")
    lines = done.out.splitlines()

    assert done.code == 0, done.err
    assert lines[0].startswith("since main (")
    for line in (
        "  secrets      + HF_TOKEN (train)",
        "  deployments  + production (environment-production)",
        "  schedules    + 7 2 * * * Europe/Berlin",
        "  steps        + report",
        "  edges        + train -> report",
    ):
        assert line in lines
    assert any(line.startswith("  cost         $0.014 a run (3 jobs, 3 minutes) -> $0.02") for line in lines)
    assert any("step 'train': settings.timeout added: 1800.0" in line for line in lines)
    summary = (tmp_path / "summary.md").read_text()
    assert "| secrets | <code>+ HF&#95;TOKEN (train)</code> |" in summary


def test_a_body_that_changes_means_nothing(orch: CommandLine, project: Path) -> None:
    (project / "flow.py").write_text(PIPELINE.replace("return 1", "return 2"))

    assert "nothing that is generated changes" in orch("check", "--base", "HEAD").out.splitlines()[0]


def test_a_pipeline_that_is_new_or_gone_is_told_whole(orch: CommandLine, project: Path) -> None:
    (project / "flow.py").write_text(PIPELINE.replace("def flow", "def other"))
    git("rm", "--quiet", "-r", ".github/workflows", ".github/orch/flow.json")
    orch("compile")
    lines = orch("check", "--base", "main").out.splitlines()

    assert lines.index("flow") < lines.index("  permissions  - actions: read (load, orch-result, train)") < lines.index("other")
    assert "  cost         $0.014 a run (3 jobs, 3 minutes) -> nothing" in lines
    assert "  cost         nothing -> $0.014 a run (3 jobs, 3 minutes)" in lines


def test_auto_is_the_first_parent_and_a_note_where_the_clone_has_none(orch: CommandLine, project: Path) -> None:
    done = orch("check", "--base", "auto")
    assert (done.code, "`fetch-depth: 2`" in done.err) == (0, True)

    (project / "flow.py").write_text(CHANGED)
    orch("compile")
    commit("two")
    assert "  secrets      + HF_TOKEN (train)" in orch("check", "--base", "auto").out


def test_files_of_the_base_may_hold_anything(orch: CommandLine, project: Path) -> None:
    (project / ".github/orch/flow.json").write_text('{"steps": [{"id": 1, "inputs": 5}]}')
    (project / ".github/workflows/flow.yml").write_text("jobs: [1, 2\n\x1b[31m")
    commit("two")
    git("checkout", "--quiet", "HEAD^", "--", ".github")
    done = orch("check", "--base", "HEAD")

    assert (done.code, done.err) == (0, "")
    assert "  steps        + load" in done.out


@pytest.mark.parametrize("ref", ["nope", "--output=/tmp/x", "HEAD:flow.py", ""])
def test_a_base_that_git_does_not_have_is_refused(orch: CommandLine, ref: str) -> None:
    done = orch("check", f"--base={ref}")

    assert done.code == 2
    assert f"--base {ref!r} is nothing that git has here" in done.err


def test_what_is_not_known_of_the_cost_is_said(orch: CommandLine, project: Path) -> None:
    (project / "orch.yaml").write_text("action: ./\nrunners: [{label: box, gpu_count: 1}]\n")
    packed = PIPELINE.replace("@step", '@step(resources=ResourceSettings(gpu_count=1), pack="both")').replace(
        "Schedule,", "ResourceSettings,"
    )
    (project / "flow.py").write_text(packed)
    orch("compile")

    cost = "$0.014 a run (3 jobs, 3 minutes) -> at least $0.002 a run (2 jobs, 3 minutes; unknown: the price of 'box')"
    assert cost in orch("check", "--base", "main").out


def test_a_condition_is_an_edge(orch: CommandLine, project: Path) -> None:
    conditional = PIPELINE.replace("import Schedule, ", "import Schedule, when, ").replace(
        "    train(load())", "    x = load()\n    with when(x > 0):\n        train(x)"
    )
    (project / "flow.py").write_text(conditional)
    orch("compile")

    assert "  edges  + load -> train (condition)" in orch("check", "--base", "main").out.splitlines()


def test_a_secret_that_is_written_into_a_job_by_hand_is_told(orch: CommandLine, project: Path) -> None:
    by_hand = """@step(github={
    "before": [{"name": "Seed", "run": "echo", "env": {"T": "${{ secrets['PROD_KEY'] }}"}}],
    "container": {"image": "python:3.12", "credentials": {"username": "me", "password": "${{ secrets.REG_PW }}"}},
})
def train"""
    (project / "flow.py").write_text(PIPELINE.replace("@step\ndef train", by_hand))
    assert orch("compile").code == 0
    lines = orch("check", "--base", "main").out

    assert "+ PROD_KEY (train)" in lines
    assert "+ REG_PW (train)" in lines
