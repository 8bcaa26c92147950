"""The limit of a try: the step is asked to stop, then killed, with everything that it started; in a run and in a job alike."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from support.jobs import Job
from support.local import run_module

from orch.model.canonical import Json

CODE = """
    import os, subprocess, sys, time
    from pathlib import Path

    def note(pid: int) -> None:
        with open("pids", "a") as file:
            print(pid, file=file)

    def sleeping(**options: object) -> subprocess.Popen[bytes]:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], **options)
        note(child.pid)
        return child

    @step(timeout=1)
    def cleans_up() -> int:
        log_metadata(rows=3)
        try:
            time.sleep(600)
        finally:
            print("cleaned up")

    @step(timeout=1)
    def ignores() -> int:
        while True:
            try:
                time.sleep(600)
            except KeyboardInterrupt:
                print("no")

    @step(timeout=1)
    def ends_well_when_asked() -> int:
        try:
            time.sleep(600)
        except KeyboardInterrupt:
            return 1

    @step(timeout=1)
    def in_its_group() -> None:
        sleeping().wait()

    @step(timeout=1)
    def in_a_session() -> None:
        sleeping(start_new_session=True)
        time.sleep(600)

    @step(timeout=1)
    def in_a_session_without_environment() -> None:
        sleeping(start_new_session=True, env={})
        time.sleep(600)

    @step(timeout=1)
    def daemon() -> None:
        if os.fork() == 0:
            os.setsid()
            sleeping()
            os._exit(0)
        time.sleep(600)

    @step(timeout=1, retry=StepRetryConfig(max_retries=1))
    def slow_once() -> int:
        if context().tries == 1:
            time.sleep(600)
        return context().tries

    @pipeline
    def p():
        STEP()
"""
CHILDREN = ["in_its_group", "in_a_session", "in_a_session_without_environment", "daemon"]


@pytest.fixture(params=["run", "job"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def record_of(kind: str, folder: Path, step: str) -> tuple[Json, str]:
    """The step's record, and its log."""
    code = CODE.replace("STEP", step)
    if kind == "run":
        ran = run_module(folder, code)
        return ran[step].to_json(), ran.output(step)
    job = Job(folder, code)
    assert job.run(step).returncode in (0, 1)
    return job.record(), (folder / "record" / "log.txt").read_text()


def line_of(folder: Path, text: str) -> int:
    return next(number for number, line in enumerate((folder / "pipeline.py").read_text().splitlines(), start=1) if text in line)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_step_may_clean_up_and_its_failure_says_where_it_was(tmp_path: Path, kind: str) -> None:
    record, log = record_of(kind, tmp_path, "cleans_up")
    failure = record["failure"]

    assert (record["state"], failure["cause"]) == ("failed", "timeout")
    assert failure["message"] == "the step ran longer than its timeout of 1 s and was stopped"
    assert (failure["file"], failure["line"]) == ("pipeline.py", line_of(tmp_path, "    time.sleep(600)"))
    assert failure["traceback"].endswith("KeyboardInterrupt\n")
    assert "cleaned up\n" in log
    assert record["metadata"] == {"rows": 3}


@pytest.mark.parametrize("step", ["ignores", "ends_well_when_asked"])
def test_a_step_that_was_stopped_has_failed_whatever_it_makes_of_that(tmp_path: Path, kind: str, step: str) -> None:
    record, _ = record_of(kind, tmp_path, step)

    assert (record["state"], record["failure"]["cause"], record["outputs"]) == ("failed", "timeout", {})


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="what left its group is found in /proc")
@pytest.mark.parametrize("step", CHILDREN)
def test_what_a_step_started_ends_with_it_wherever_it_went(tmp_path: Path, kind: str, step: str) -> None:
    record, _ = record_of(kind, tmp_path, step)
    (child,) = map(int, (tmp_path / "pids").read_text().split())
    until = time.monotonic() + 300
    while is_alive(child) and time.monotonic() < until:  # killed, but not yet gone
        time.sleep(0.01)

    assert record["failure"]["cause"] == "timeout"
    assert not is_alive(child)


def test_the_limit_is_that_of_one_try(tmp_path: Path, kind: str) -> None:
    record, log = record_of(kind, tmp_path, "slow_once")

    assert (record["state"], record["tries"]) == ("succeeded", 2)
    assert "--- try 1 of 2 failed, the next starts in 0 s ---\n" in log
