"""What steps log, from the call to everything that shows it: in a run and in a job alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.jobs import TOOLKIT, Job
from support.local import run_module
from support.modules import write

CODE = """
    import os
    from concurrent.futures import ThreadPoolExecutor

    @step
    def fine() -> int:
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda number: log_metadata(**{f"thread {number}": number}), range(2)))
        log_metadata(loss=float("nan"), name="<b>x</b>")
        return 1

    @step(secrets=["TOKEN"])
    def fails() -> None:
        log_metadata(token=os.environ["TOKEN"], rows=3)
        raise ValueError("later")

    @step
    def wrong() -> None:
        log_metadata(rows=3)
        log_metadata(rows=4, columns=["a"])

    @step
    def in_a_child() -> None:
        if os.fork() == 0:
            try:
                log_metadata(rows=3)
            except Exception as error:
                print(error)
            os._exit(0)
        os.wait()

    @pipeline
    def p():
        CHOSEN()
"""


@pytest.fixture(params=["run", "job"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ran(kind: str, folder: Path, step: str) -> tuple[dict[str, object], str]:
    """What is logged of the step, and its log."""
    code = CODE.replace("CHOSEN", step)
    if kind == "run":
        done = run_module(folder, code, environment={**os.environ, "TOKEN": "hunter2-hunter2"})
        return dict(done[step].metadata), done.output(step)
    job = Job(folder, code)
    job.run(step, TOKEN="hunter2-hunter2")
    return job.record().get("metadata", {}), (folder / "record" / "log.txt").read_text()


@pytest.mark.parametrize(
    ("step", "logged"),
    [
        ("fine", {"thread 0": 0, "thread 1": 1, "loss": {"$float": "nan"}, "name": "<b>x</b>"}),
        ("fails", {"token": "***", "rows": 3}),
        ("wrong", {"rows": 3}),
    ],
)
def test_what_a_step_logged_is_in_its_record_however_it_ended(tmp_path: Path, kind: str, step: str, logged: dict[str, object]) -> None:
    assert ran(kind, tmp_path, step)[0] == logged


def test_a_process_that_a_step_started_is_told_that_it_has_no_record(tmp_path: Path, kind: str) -> None:
    logged, log = ran(kind, tmp_path, "in_a_child")

    assert logged == {}
    assert log.startswith("orch.log_metadata() was called in a process that the step started, which has no record [usage]\n")


def test_a_jobs_summary_shows_it_as_data(tmp_path: Path) -> None:
    ran("job", tmp_path, "fine")

    assert "name = <code>&#60;b&#62;x&#60;/b&#62;</code>" in (tmp_path / "summary").read_text()


def test_runs_show_it_also_of_a_step_that_was_cached(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path, CODE.replace("CHOSEN", "fine"))

    def orch(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(TOOLKIT)}
        command = [sys.executable, "-m", "orch", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout

    orch("run", "pipeline.py")
    (again,) = json.loads(orch("run", "pipeline.py", "--json").splitlines()[-1])["steps"]
    shown = orch("runs", "show")

    assert again["state"] == "cached"
    assert again["metadata"]["loss"] == {"$float": "nan"}
    assert "fine.loss      nan\n" in shown
    assert "fine.name      <b>x</b>\n" in shown
