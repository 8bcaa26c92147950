"""Failed tries and the next ones: which failures get one, what each finds and leaves; in a run and in a job alike."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.jobs import TOOLKIT, Job
from support.local import run_module

from orch.model.canonical import Json

CODE = """
    import os, signal, sys
    from pathlib import Path

    def count() -> int:
        with open("tries", "a") as file:
            file.write("x")
        return len(Path("tries").read_text())

    again = StepRetryConfig(max_retries=2)

    @step(retry=again)
    def raises() -> None:
        print("in try", count())
        raise ValueError("no luck")

    @step(retry=again)
    def exits() -> None:
        count()
        sys.exit(3)

    @step(retry=again)
    def ends_its_process() -> None:
        count()
        os._exit(3)

    @step(retry=again)
    def crashes() -> None:
        count()
        os.kill(os.getpid(), signal.SIGSEGV)

    @step(retry=again)
    def out_of_memory() -> None:
        count()
        raise MemoryError

    @step(retry=again, timeout=0.5)
    def too_long() -> None:
        count()
        signal.pause()

    @step(retry=again)
    def interrupts_itself() -> None:
        count()
        raise KeyboardInterrupt

    @step(retry=again)
    def nothing_to_keep() -> None:
        count()
        return 1

    @step(retry=again)
    def nothing_that_can_be_kept() -> int:
        count()
        return (x for x in "abc")

    @step(retry=again)
    def leaves_files() -> int:
        here = context()
        found = list(here.temp.iterdir())
        (here.temp / "left").touch()
        (here.temp / "folder").mkdir()
        assert found == []
        if here.tries < 3:
            log_metadata(**{f"try {here.tries}": here.tries})
            raise ValueError("once more")
        log_metadata(last=True)
        return here.tries

    @step(retry=StepRetryConfig(max_retries=1, delay=600))
    def patient() -> None:
        raise ValueError("try again in ten minutes")

    @pipeline
    def p():
        STEP()
"""


@pytest.fixture(params=["run", "job"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def record_of(kind: str, folder: Path, step: str) -> tuple[Json, str]:
    """The step's record, and its log."""
    code = CODE.replace("STEP", step)
    if kind == "run":
        ran = run_module(folder, code)
        log = ran.folder / "logs" / f"{step}.log"
        return ran[step].to_json(), log.read_text() if log.exists() else ""
    job = Job(folder, code)
    assert job.run(step).returncode in (0, 1)
    return job.record(), (folder / "record" / "log.txt").read_text()


@pytest.mark.parametrize(
    ("step", "cause"),
    [
        ("raises", "exception"),
        ("exits", "exit"),
        ("ends_its_process", "exit"),
        ("crashes", "signal"),
        ("out_of_memory", "out-of-memory"),
        ("too_long", "timeout"),
        ("interrupts_itself", "exception"),
    ],
)
def test_what_may_be_better_luck_next_time_is_tried_again(tmp_path: Path, kind: str, step: str, cause: str) -> None:
    record, log = record_of(kind, tmp_path, step)

    assert (record["state"], record["tries"], record["failure"]["cause"]) == ("failed", 3, cause)
    if cause != "timeout":  # the time may be over before the step's code has begun
        assert (tmp_path / "tries").read_text() == "xxx"
    assert [line for line in log.splitlines() if line.startswith("---")] == [
        "--- try 1 of 3 failed, the next starts in 0 s ---",
        "--- try 2 of 3 failed, the next starts in 0 s ---",
    ]


@pytest.mark.parametrize("step", ["nothing_to_keep", "nothing_that_can_be_kept"])
def test_a_result_that_cannot_be_kept_is_not_made_again(tmp_path: Path, kind: str, step: str) -> None:
    record, log = record_of(kind, tmp_path, step)

    assert (record["state"], record["tries"], record["failure"]["cause"]) == ("failed", 1, "output")
    assert (tmp_path / "tries").read_text() == "x"
    assert log == ""


def test_the_log_has_every_try_in_order_with_why_it_failed(tmp_path: Path, kind: str) -> None:
    _, log = record_of(kind, tmp_path, "raises")
    first, second, third = log.split(" failed, the next starts in 0 s ---\n")

    assert first.startswith("in try 1\nTraceback (most recent call last):\n")
    assert first.endswith("ValueError: no luck\n--- try 1 of 3")
    assert second.startswith("in try 2\n")
    assert third.startswith("in try 3\n")


def test_each_try_starts_in_an_empty_temporary_folder_and_with_nothing_logged(tmp_path: Path, kind: str) -> None:
    record, _ = record_of(kind, tmp_path, "leaves_files")

    assert (record["state"], record["tries"]) == ("succeeded", 3)
    assert record["outputs"]["output"]["preview"] == "3"
    assert record["metadata"] == {"last": True}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_the_wait_for_the_next_try_at_once_and_the_step_is_cancelled(tmp_path: Path, kind: str, number: signal.Signals) -> None:
    """Who waits ten minutes for that fails this test by its time limit."""
    job = Job(tmp_path, CODE.replace("STEP", "patient"))
    command = job.command("patient")
    if kind == "run":
        command = [sys.executable, "-m", "orch", "run", "pipeline.py", "--json"]
    environment = job.environment({}) if kind == "job" else {**os.environ, "PYTHONPATH": str(TOOLKIT)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        assert any("--- try 1 of 2 failed, the next starts in 600 s ---" in line for line in process.stdout)
        process.send_signal(number)
        process.communicate(timeout=300)
    if kind == "job":
        record = job.record()
    else:
        (folder,) = (tmp_path / ".orch" / "runs").iterdir()
        (record,) = json.loads((folder / "run.json").read_text())["steps"]

    assert process.returncode == 130
    assert (record["state"], record["tries"]) == ("cancelled", 1)
    assert record["reason"] == "interrupted before try 2; try 1 failed: try again in ten minutes"
