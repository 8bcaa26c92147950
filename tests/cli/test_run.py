"""`orch run` and `python FILE` from the outside: exit codes, streams, and the record at the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOOLKIT = Path(__file__).parents[2] / "toolkit"
PIPELINE = """
from __future__ import annotations
import sys, time
from pathlib import Path
from orch import context, pipeline, step

@step
def load(rows: int) -> list[int]:
    print("loading", rows)
    print("careful", file=sys.stderr)
    return list(range(rows))

@step
def wait(data: list[int], seconds: float) -> int:
    time.sleep(seconds)
    return sum(data)

@step
def report(total: int, fail: bool) -> Path:
    if fail:
        raise ValueError("no report")
    file = context().temp / "report.txt"
    file.write_text(f"{total}")
    return file

@pipeline
def churn(rows: int = 3, seconds: float = 0.0, fail: bool = False) -> None:
    report(wait(load(rows), seconds), fail)

if __name__ == "__main__":
    churn()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    return tmp_path


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(TOOLKIT), **more}


def run(project: Path, *arguments: str, program: tuple[str, ...] = ("-m", "orch", "run"), **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *program, "pipeline.py", *arguments]
    return subprocess.run(command, env=environment(**more), cwd=project, capture_output=True, text=True, check=False)


def last_line(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0]["event"] == "run-started"
    return dict(lines[-1])


def test_a_run_that_succeeds_ends_with_its_record_and_0(project: Path) -> None:
    done = run(project, "--json", "--set", "rows=4", "--jobs", "1", "--no-cache")
    record = last_line(done)

    assert done.returncode == 0
    assert (record["pipeline"], record["state"], record["parameters"]["rows"]) == ("churn", "succeeded", 4)
    assert [(step["id"], step["state"]) for step in record["steps"]] == [(name, "succeeded") for name in ("load", "wait", "report")]
    assert all(output["digest"].startswith("sha256:") for step in record["steps"] for output in step["outputs"].values())


def test_what_steps_print_goes_to_stderr_with_json(project: Path) -> None:
    done = run(project, "--json")

    assert "load   | loading 3\n" in done.stderr
    assert "load   | careful\n" in done.stderr
    assert "loading" not in done.stdout


def test_what_the_module_prints_while_it_is_loaded_is_none_of_the_commands_answer(project: Path) -> None:
    talkative = PIPELINE.replace("import sys, time", "import sys, time; print('imported')").replace(
        "    report(wait", "    print('traced'); report(wait"
    )
    (project / "pipeline.py").write_text(talkative)

    assert last_line(run(project, "--json"))["state"] == "succeeded"
    assert run(project, program=("-m", "orch", "graph")).stdout.startswith("flowchart")


@pytest.mark.parametrize("blocked", [".orch", ".orch/runs", ".orch/store"])
def test_a_file_where_a_folder_is_needed_is_named_before_any_step_runs(project: Path, blocked: str) -> None:
    (project / blocked).parent.mkdir(exist_ok=True)
    (project / blocked).touch()

    done = run(project)

    assert done.returncode == 5
    assert f"error: {str(project / blocked)!r} is not a folder" in done.stderr
    assert "started" not in done.stdout


def test_a_run_that_loses_its_folder_still_has_its_last_line(project: Path) -> None:
    spoiled = PIPELINE.replace(
        "    time.sleep(seconds)",
        "    next(Path('.orch/runs').glob('*/run.json')).unlink(); next(Path('.orch/runs').glob('*')).joinpath('run.json').mkdir()",
    )
    (project / "pipeline.py").write_text(spoiled)

    done = run(project, "--json")

    assert done.returncode == 5
    assert [step["state"] for step in last_line(done)["steps"]] == ["succeeded"] * 3


def test_a_call_without_a_guard_is_named_where_workers_import_the_file(project: Path) -> None:
    (project / "pipeline.py").write_text(PIPELINE.replace('if __name__ == "__main__":\n    churn()', "churn()"))

    done = run(project, program=())

    assert done.returncode == 1
    assert "load failed (pipeline.py:30): importing this module would run the pipeline 'churn'" in done.stdout


def test_a_run_that_fails_ends_with_its_record_and_1(project: Path) -> None:
    done = run(project, "--json", "--set", "fail=true")
    record = last_line(done)

    assert (done.returncode, record["state"]) == (1, "failed")
    assert [step["state"] for step in record["steps"]] == ["succeeded", "succeeded", "failed"]
    assert record["steps"][2]["failure"]["message"] == "no report"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_with_the_record_and_130(project: Path) -> None:
    command = [sys.executable, "-m", "orch", "run", "pipeline.py", "--json", "--set", "seconds=60"]
    with subprocess.Popen(command, env=environment(), cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line).get("id") == "wait":
                break
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        code = process.wait()
    record = json.loads(rest.splitlines()[-1])

    assert (code, record["state"]) == (130, "cancelled")
    assert [step["state"] for step in record["steps"]] == ["succeeded", "cancelled", "cancelled"]


def test_a_person_is_shown_the_path_of_the_file_and_the_run_is_kept(project: Path) -> None:
    done = run(project)
    shown = next(line for line in done.stdout.splitlines() if line.startswith("report.output"))
    path = shown.split()[1]
    listed = subprocess.run(
        [sys.executable, "-m", "orch", "runs", "list"], env=environment(), cwd=project, capture_output=True, text=True, check=True
    )

    assert (project / path).read_text() == "3"
    assert listed.stdout.split()[:3] == [path.split("/")[2], "churn", "succeeded"]


def test_the_command_that_a_failure_names_shows_the_log(project: Path) -> None:
    done = run(project, "--set", "fail=true")
    hint = next(line for line in done.stdout.splitlines() if line.startswith("  help: orch "))
    typed = hint.removeprefix("  help: orch ").replace("--step report", "--step load").split()
    logs = subprocess.run(
        [sys.executable, "-m", "orch", *typed], env=environment(), cwd=project, capture_output=True, text=True, check=True
    )

    assert "ValueError: no report" in done.stdout
    assert logs.stdout == "loading 3\ncareful\n"


def test_the_file_itself_runs_the_pipeline(project: Path) -> None:
    done = run(project, program=())

    assert (done.returncode, done.stderr) == (0, "")
    assert "report succeeded in " in done.stdout


def test_parameters_are_checked_before_anything_runs(project: Path) -> None:
    done = run(project, "--set", "rows=many", "--set", "raws=1")

    assert (done.returncode, done.stdout) == (2, "")
    assert "no parameter 'raws'" in done.stderr
    assert "parameter 'rows' is 'many': expected a whole number" in done.stderr
    assert not (project / ".orch").exists()


def test_a_stack_that_runs_on_github_names_the_ways_to_run_here(project: Path) -> None:
    done = run(project, "--stack", "github")

    assert (done.returncode, done.stdout) == (2, "")
    assert "`orch act pipeline.py`" in done.stderr
    assert "`orch run pipeline.py --stack local`" in done.stderr


def test_the_file_itself_names_the_ways_to_run_here_too(project: Path) -> None:
    done = run(project, program=(), ORCH_STACK="github")

    assert (done.returncode, done.stdout) == (2, "")
    assert "`orch run pipeline.py --stack local`" in done.stderr


def test_inside_a_job_a_stack_on_github_runs_in_that_job(project: Path) -> None:
    done = run(project, "--json", "--stack", "github", GITHUB_ACTIONS="true", GITHUB_EVENT_NAME="push")
    record = last_line(done)

    assert (done.returncode, record["orchestrator"], record["trigger"]) == (0, "local", "push")


def test_the_environment_can_choose_the_stack(project: Path) -> None:
    assert run(project, ORCH_STACK="github").returncode == 2
    assert run(project, "--stack", "local", ORCH_STACK="github").returncode == 0
