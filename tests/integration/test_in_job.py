"""A whole pipeline inside one job, by the local scheduler."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.modules import write

from orch.authoring.load import separate_modules
from orch.errors import MaterializationError, ParameterError, UsageError
from orch.model.states import State
from orch.orchestrators.local.home import Home
from orch.orchestrators.local.in_job import main

STEPS = """
    import os

    @step
    def load(rows: int) -> list[int]:
        print("::error::not ours")
        return [rows, int("ORCH_INPUTS" in os.environ)]

    @step
    def check(xs: list[int]) -> None:
        if xs[0] > 3:
            raise ValueError("too many rows")

    @pipeline
    def p(rows: int = 3):
        check(load(rows))
"""

FILE = """
    from pathlib import Path

    @step
    def write() -> Path:
        out = context().temp / "out.txt"
        out.write_text("words")
        return out

    @pipeline
    def p():
        write()
"""


@dataclass
class Job:
    """What the runner gives a job, and what it finds afterwards."""

    folder: Path
    printed: io.StringIO = field(default_factory=io.StringIO)

    def run(self, *options: str, **more: str) -> tuple[int, list[str]]:
        given = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": f"{self.folder}/output", "GITHUB_STEP_SUMMARY": f"{self.folder}/summary"}
        self.printed = printed = io.StringIO()
        command = ["--pipeline", str(self.folder / "pipeline.py"), "--home", str(self.folder / ".orch"), *options]
        with separate_modules():
            code = main(command, {**os.environ, **given, **more}, printed)
        return code, self.lines

    @property
    def lines(self) -> list[str]:
        return self.printed.getvalue().splitlines()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    write(tmp_path, STEPS)
    return Job(tmp_path)


def test_the_inputs_are_the_parameters_and_no_variable_of_a_step(job: Job) -> None:
    code, lines = job.run(ORCH_INPUTS='{"rows": "2"}')

    assert code == 0
    assert lines[-1].startswith("p: succeeded in ")
    assert "[2, 0]" in (job.folder / "summary").read_text().replace("&#91;", "[").replace("&#93;", "]")


def test_what_steps_print_stands_where_commands_are_stopped(job: Job) -> None:
    _, lines = job.run()

    stop = [line for line in lines if line.startswith("::stop-commands::")][-1]
    resume = f"::{stop.removeprefix('::stop-commands::')}::"
    assert lines.index(stop) < lines.index("load | ::error::not ours") < lines.index(resume)


def test_a_progress_bar_is_one_line_of_the_jobs_log(job: Job) -> None:
    write(job.folder, STEPS.replace('print("::error::not ours")', 'print("\\r  0%\\r 50%\\r100%")'))

    _, lines = job.run()

    assert [line for line in lines if "%" in line] == ["load | 100%"]
    assert b"\r 50%\r" in (job.folder / ".orch").joinpath("runs").glob("*/logs/load.log").__next__().read_bytes()


def test_a_failure_is_annotated_at_the_users_line_and_fails_the_job(job: Job) -> None:
    code, lines = job.run(ORCH_INPUTS='{"rows": "9"}')

    line = (job.folder / "pipeline.py").read_text().splitlines().index('        raise ValueError("too many rows")') + 1
    assert code == 1
    assert f"::error file=pipeline.py,line={line},title=step check failed::ValueError: too many rows" in lines
    assert "\nfailed\n" in (job.folder / "output").read_text()


@pytest.mark.parametrize("jobs", ["0", "-1", "many", ""])
def test_a_number_of_jobs_that_cannot_be_is_refused(job: Job, jobs: str) -> None:
    with pytest.raises(UsageError, match="expected a whole number from 1"):
        job.run("--jobs", jobs)


def test_an_input_that_is_no_value_of_its_parameter_is_refused_before_anything_runs(job: Job) -> None:
    with pytest.raises(ParameterError, match="'rows' is 'many'"):
        job.run(ORCH_INPUTS='{"rows": "many"}')

    assert not (job.folder / ".orch").exists()


def test_each_attempt_and_each_use_in_one_has_a_folder_where_a_runner_keeps_its_home(job: Job) -> None:
    for attempt in ("1", "1", "2"):
        code, lines = job.run(GITHUB_RUN_ID="77", GITHUB_RUN_ATTEMPT=attempt)
        assert code == 0
        assert "run 77 of p" in lines

    records = {folder.run_id: folder.read() for folder in Home.of(job.folder).folders()}
    assert {name: (record.info.run, record.info.attempt) for name, record in records.items()} == {
        "77": ("77", 1),
        "77-2": ("77", 1),
        "77-a2": ("77", 2),
    }
    assert {record.state for record in records.values()} == {State.SUCCEEDED}


def test_an_error_that_ends_the_run_is_told_where_commands_count_again(job: Job) -> None:
    write(job.folder, FILE)
    assert job.run()[0] == 0
    index = Home.of(job.folder).index
    index.write_text(index.read_text().replace('"name":"out.txt"', '"name":"../out.txt"'))

    with pytest.raises(MaterializationError, match="cannot be the name of a file"):
        job.run()

    stop = [line for line in job.lines if line.startswith("::stop-commands::")][-1]
    assert f"::{stop.removeprefix('::stop-commands::')}::" in job.lines
