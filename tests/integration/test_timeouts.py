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

    def ready() -> None:
        Path("ready").touch()

    def sleeping(**options: object) -> subprocess.Popen[bytes]:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], **options)
        note(child.pid)
        ready()
        return child

    @step(timeout=LIMIT)
    def cleans_up() -> int:
        log_metadata(rows=3)
        try:
            ready()
            time.sleep(600)
        finally:
            print("cleaned up")

    @step(timeout=LIMIT)
    def ignores() -> int:
        while True:
            try:
                ready()
                time.sleep(600)
            except KeyboardInterrupt:
                print("no")

    @step(timeout=LIMIT)
    def ends_well_when_asked() -> int:
        try:
            ready()
            time.sleep(600)
        except KeyboardInterrupt:
            return 1

    @step(timeout=LIMIT)
    def in_its_group() -> None:
        sleeping().wait()

    @step(timeout=LIMIT)
    def in_a_session() -> None:
        sleeping(start_new_session=True)
        time.sleep(600)

    @step(timeout=LIMIT)
    def in_a_session_without_environment() -> None:
        sleeping(start_new_session=True, env={})
        time.sleep(600)

    @step(timeout=LIMIT)
    def daemon() -> None:
        if os.fork() == 0:
            os.setsid()
            sleeping()
            os._exit(0)
        time.sleep(600)

    @step(timeout=LIMIT, retry=StepRetryConfig(max_retries=1))
    def slow_once() -> int:
        if context().tries == 1:
            time.sleep(600)
        ready()
        return context().tries

    @pipeline
    def p():
        STEP()
"""
CHILDREN = ["in_its_group", "in_a_session", "in_a_session_without_environment", "daemon"]


@pytest.fixture(params=["run", "job"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def stopped(kind: str, folder: Path, step: str) -> tuple[Path, Json, str]:
    """The folder of a run or job, the step's record, and its log; with more time where a loaded machine came too late to the point."""
    for limit in ("1", "10", "100"):
        (at := folder / limit).mkdir()
        code = CODE.replace("STEP", step).replace("LIMIT", limit)
        if kind == "run":
            ran = run_module(at, code)
            told = ran[step].to_json(), ran.output(step)
        else:
            job = Job(at, code)
            assert job.run(step).returncode in (0, 1)
            told = job.record(), (at / "record" / "log.txt").read_text()
        if (at / "ready").exists():
            return at, *told
    raise AssertionError(f"step {step!r} has not begun")


def line_of(folder: Path, text: str) -> int:
    return next(number for number, line in enumerate((folder / "pipeline.py").read_text().splitlines(), start=1) if text in line)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_step_may_clean_up_and_its_failure_says_where_it_was(tmp_path: Path, kind: str) -> None:
    at, record, log = stopped(kind, tmp_path, "cleans_up")
    failure = record["failure"]

    assert (record["state"], failure["cause"]) == ("failed", "timeout")
    assert failure["message"] == f"the step ran longer than its timeout of {at.name} s and was stopped"
    assert (failure["file"], failure["line"]) == ("pipeline.py", line_of(at, "    time.sleep(600)"))
    assert failure["traceback"].endswith("KeyboardInterrupt\n")
    assert "cleaned up\n" in log
    assert record["metadata"] == {"rows": 3}


@pytest.mark.parametrize("step", ["ignores", "ends_well_when_asked"])
def test_a_step_that_was_stopped_has_failed_whatever_it_makes_of_that(tmp_path: Path, kind: str, step: str) -> None:
    _, record, _ = stopped(kind, tmp_path, step)

    assert (record["state"], record["failure"]["cause"], record["outputs"]) == ("failed", "timeout", {})


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="what left its group is found in /proc")
@pytest.mark.parametrize("step", CHILDREN)
def test_what_a_step_started_ends_with_it_wherever_it_went(tmp_path: Path, kind: str, step: str) -> None:
    at, record, _ = stopped(kind, tmp_path, step)
    (child,) = map(int, (at / "pids").read_text().split())
    until = time.monotonic() + 300
    while is_alive(child) and time.monotonic() < until:  # killed, but not yet gone
        time.sleep(0.01)

    assert record["failure"]["cause"] == "timeout"
    assert not is_alive(child)


def test_the_limit_is_that_of_one_try(tmp_path: Path, kind: str) -> None:
    _, record, log = stopped(kind, tmp_path, "slow_once")

    assert (record["state"], record["tries"]) == ("succeeded", 2)
    assert "--- try 1 of 2 failed, the next starts in 0 s ---\n" in log
