"""Hooks: which one is called after which end of a step, once, with what; and what comes of one that fails. In a run and in a job alike."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.jobs import TOOLKIT, Job
from support.local import run_module

from orch.model.canonical import Json

CODE = """
    import json, os, signal, sys, time
    from pathlib import Path

    def tell(*said: object) -> None:
        with open("told", "a") as file:
            print(json.dumps(said), file=file)

    def failed(error: StepFailed) -> None:
        here = context()
        print("hook: it failed")
        place = [error.failure.file, error.failure.line > 0, "Traceback" in error.failure.traceback]
        tell(str(error), error.failure.cause, *place, here.step, here.state, here.tries, os.environ.get("MODE"))

    def done() -> None:
        here = context()
        tell(here.step, here.state, here.tries, list(here.temp.iterdir()) == [])

    def with_secret() -> None:
        print("the token is", os.environ["TOKEN"])

    def breaks(error) -> None:
        raise RuntimeError(f"no network for {os.environ.get('TOKEN')}")

    def dies() -> None:
        os._exit(4)

    def hangs() -> None:
        Path("hook started").touch()
        time.sleep(600)

    def logs() -> None:
        log_metadata(late=1)

    both = {"on_failure": failed, "on_success": done}

    @step(**both)
    def fine() -> int:
        (context().temp / "left").touch()
        return 1

    @step(environment={"MODE": "fast"}, **both)
    def raises() -> None:
        raise ValueError("no such column")

    @step(**both)
    def crashes() -> None:
        os.kill(os.getpid(), signal.SIGSEGV)

    @step(timeout=0.5, **both)
    def too_long() -> None:
        time.sleep(600)

    @step(retry=StepRetryConfig(max_retries=2), **both)
    def flaky() -> int:
        if context().tries < 3:
            raise ValueError("once more")
        return 1

    @step(retry=StepRetryConfig(max_retries=1), **both)
    def hopeless() -> None:
        raise ValueError("never")

    @step(secrets=["TOKEN"], on_success=with_secret)
    def secretive() -> None: ...

    @step(secrets=["TOKEN"], on_failure=breaks)
    def fails_and_its_hook_too() -> None:
        raise ValueError("the step's own")

    @step(on_success=dies)
    def fine_but_its_hook_dies() -> int:
        return 1

    @step(on_success=logs)
    def logs_too_late() -> int:
        return 1

    @step(**both)
    def waits() -> None:
        Path("started").touch()
        time.sleep(600)

    @step(on_success=hangs)
    def its_hook_hangs() -> int:
        return 1

    @pipeline
    def p():
        STEP()
"""


@pytest.fixture(params=["run", "job"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def record_of(kind: str, folder: Path, step: str, **environment: str) -> tuple[Json, str, str]:
    """The step's record, its log, and all that was printed."""
    code = CODE.replace("STEP", step)
    if kind == "run":
        ran = run_module(folder, code, environment={**os.environ, **environment})
        log = ran.folder / "logs" / f"{step}.log"
        return ran[step].to_json(), log.read_text() if log.exists() else "", ran.output(step)
    job = Job(folder, code)
    done = job.run(step, **environment)
    assert done.returncode in (0, 1), done.stderr
    return job.record(), (folder / "record" / "log.txt").read_text(), done.stdout


def told(folder: Path) -> list[Json]:
    file = folder / "told"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.mark.parametrize(
    ("step", "state", "said"),
    [
        ("fine", "succeeded", ["fine", "succeeded", 1, True]),
        ("flaky", "succeeded", ["flaky", "succeeded", 3, True]),
        ("raises", "failed", ["ValueError: no such column", "exception", "pipeline.py", True, True, "raises", "failed", 1, "fast"]),
        ("hopeless", "failed", ["ValueError: never", "exception", "pipeline.py", True, True, "hopeless", "failed", 2, None]),
        (
            "crashes",
            "failed",
            [
                "the step's process crashed with SIGSEGV, inside a library that is not written in Python",
                "signal",
                "",
                False,
                False,
                "crashes",
                "failed",
                1,
                None,
            ],
        ),
        (
            "too_long",
            "failed",
            [
                "the step ran longer than its timeout of 0.5 s and was stopped",
                "timeout",
                "pipeline.py",
                True,
                True,
                "too_long",
                "failed",
                1,
                None,
            ],
        ),
    ],
)
def test_a_hook_is_called_once_after_the_last_try_and_knows_what_happened(
    tmp_path: Path, kind: str, step: str, state: str, said: list[object]
) -> None:
    record, log, _ = record_of(kind, tmp_path, step)

    assert record["state"] == state
    assert told(tmp_path) == [said]
    assert ("hook: it failed\n" in log) is (state == "failed")
    assert "hook" not in record


def test_a_hook_has_the_secrets_of_its_step_and_they_are_masked(tmp_path: Path, kind: str) -> None:
    _, log, printed = record_of(kind, tmp_path, "secretive", TOKEN="hunter2-hunter2")

    assert "the token is ***\n" in log
    assert "hunter2" not in printed


def test_a_hook_that_fails_changes_nothing_but_is_told(tmp_path: Path, kind: str) -> None:
    record, _, printed = record_of(kind, tmp_path, "fails_and_its_hook_too", TOKEN="hunter2-hunter2")

    assert (record["state"], record["failure"]["message"]) == ("failed", "the step's own")
    assert (record["hook"]["type"], record["hook"]["message"]) == ("RuntimeError", "no network for ***")
    assert record["hook"]["file"] == "pipeline.py"
    assert "RuntimeError: no network for ***" in printed


def test_a_hook_whose_process_dies_leaves_its_step_what_it_is(tmp_path: Path, kind: str) -> None:
    record, _, _ = record_of(kind, tmp_path, "fine_but_its_hook_dies")

    assert (record["state"], list(record["outputs"])) == ("succeeded", ["output"])
    assert record["hook"]["message"] == "the hook ended its process with exit code 4, by os._exit or a crash in a library"


def test_a_hook_cannot_write_into_a_record_that_is_closed(tmp_path: Path, kind: str) -> None:
    record, _, _ = record_of(kind, tmp_path, "logs_too_late")

    assert "metadata" not in record
    assert record["hook"]["message"].startswith("orch.log_metadata() was called in a hook, when the step's record is closed")


def test_a_jobs_failed_hook_is_a_warning_at_its_line_and_the_job_is_the_steps(tmp_path: Path) -> None:
    job = Job(tmp_path, CODE.replace("STEP", "fine_but_its_hook_dies"))
    ran = job.run("fine_but_its_hook_dies")
    (warning,) = [line for line in ran.stdout.splitlines() if line.startswith("::warning")]

    assert ran.returncode == 0
    assert warning.startswith("::warning title=a hook of step fine_but_its_hook_dies failed::the hook ended its process")
    assert "state<<" in (tmp_path / "output").read_text()
    assert "a hook failed" in (tmp_path / "summary").read_text()


def test_in_a_job_that_runs_a_whole_pipeline_a_failed_hook_is_a_warning_too(tmp_path: Path) -> None:
    job = Job(tmp_path, CODE.replace("STEP", "fine_but_its_hook_dies"))
    command = [sys.executable, "-m", "orch", "pipeline", "run", "--pipeline", "pipeline.py", "--home", "home"]
    ran = subprocess.run(command, cwd=tmp_path, env=job.environment({}), capture_output=True, text=True, check=False)

    assert ran.returncode == 0
    assert any(line.startswith("::warning title=a hook of step fine_but_its_hook_dies failed::") for line in ran.stdout.splitlines())
    assert "a hook failed" in (tmp_path / "summary").read_text()


def test_a_step_that_could_not_start_in_its_job_has_failed_and_calls_its_hook(tmp_path: Path) -> None:
    job = Job(tmp_path, CODE.replace("def raises() -> None:", "def raises(x: int) -> None:").replace("STEP()", "raises(fine())"))
    ran = job.run("raises")

    assert ran.returncode == 1
    assert job.record()["failure"]["cause"] == "input"
    assert [said[1] for said in told(tmp_path)] == ["input"]


@pytest.mark.parametrize(("step", "started"), [("waits", "started"), ("its_hook_hangs", "hook started")])
def test_a_cancelled_step_calls_no_hook_and_a_cancelled_hook_ends(tmp_path: Path, kind: str, step: str, started: str) -> None:
    job = Job(tmp_path, CODE.replace("STEP", step))
    command = job.command(step) if kind == "job" else [sys.executable, "-m", "orch", "run", "pipeline.py"]
    environment = job.environment({}) if kind == "job" else {**os.environ, "PYTHONPATH": str(TOOLKIT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 300
        while not (tmp_path / started).exists() and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=300)
    if kind == "job":
        record = job.record()
    else:
        (folder,) = (tmp_path / ".orch" / "runs").iterdir()
        (record,) = json.loads((folder / "run.json").read_text())["steps"]

    assert told(tmp_path) == []
    assert record["state"] == ("cancelled" if step == "waits" else "succeeded")
    assert ("hook" in record) is (step == "its_hook_hangs")
