"""The moment that a run is for: given, or its start; the same for all its steps, and an error where jobs would differ."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.jobs import TOOLKIT, Job
from support.modules import write

from orch.model.canonical import Json

CODE = """
    @step
    def first() -> list[str]:
        when = context().logical_date
        return [when.isoformat(), str(when.tzinfo)]

    @step
    def second(before: list[str]) -> bool:
        return before == [context().logical_date.isoformat(), str(context().logical_date.tzinfo)]

    @pipelineOPTIONS
    def p():
        second(first())
"""
BERLIN = '(schedule=Schedule("0 2 * * *", timezone="Europe/Berlin"))'


def orch(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "orch", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(TOOLKIT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def run(folder: Path, *arguments: str, options: str = "", **environment: str) -> Json:
    write(folder, CODE.replace("OPTIONS", options))
    done = orch(folder, "run", "pipeline.py", "--json", *arguments, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def previews(record: Json) -> list[str]:
    return [step["outputs"]["output"]["preview"] for step in record["steps"]]


@pytest.mark.parametrize(
    ("options", "given", "moment", "zone"),
    [
        ("", "2026-03-29T02:30", "2026-03-29T02:30:00+00:00", "UTC"),
        (BERLIN, "2026-03-30", "2026-03-30T00:00:00+02:00", "Europe/Berlin"),
        (BERLIN, "2026-10-25T02:30:00+01:00", "2026-10-25T02:30:00+01:00", "Europe/Berlin"),
    ],
)
def test_every_step_of_a_run_has_the_date_that_was_given(tmp_path: Path, options: str, given: str, moment: str, zone: str) -> None:
    record = run(tmp_path, "--logical-date", given, options=options)

    assert record["logical_date"] == moment
    assert previews(record) == [repr([moment, zone]), "True"]


def test_without_one_a_run_is_for_its_start(tmp_path: Path) -> None:
    record = run(tmp_path, options=BERLIN)
    started = datetime.fromisoformat(record["started"])

    assert datetime.fromisoformat(record["logical_date"]).astimezone(UTC) == started
    assert previews(record)[1] == "True"


def test_a_time_that_does_not_exist_is_refused_before_anything_runs(tmp_path: Path) -> None:
    write(tmp_path, CODE.replace("OPTIONS", BERLIN))
    done = orch(tmp_path, "run", "pipeline.py", "--logical-date", "2026-03-29T02:30")

    assert done.returncode == 2
    assert "'2026-03-29T02:30' does not exist in Europe/Berlin: clocks are put forward then [usage]" in done.stderr
    assert "2026-03-29T01:59:59+01:00 and 2026-03-29T03:00:00+02:00" in done.stderr
    assert not (tmp_path / ".orch" / "runs").exists()


def test_a_zone_without_its_data_stops_the_step_that_asks_and_nothing_else(tmp_path: Path) -> None:
    nowhere = {"PYTHONTZPATH": str(tmp_path), "PYTHONPATH": f"{tmp_path / 'shadow'}{os.pathsep}{TOOLKIT}"}
    (tmp_path / "shadow" / "tzdata").mkdir(parents=True)
    (tmp_path / "shadow" / "tzdata" / "__init__.py").touch()  # in the place of the package of that name
    write(tmp_path, CODE.replace("OPTIONS", BERLIN))
    done = orch(tmp_path, "run", "pipeline.py", "--json", **nowhere)
    (first, _) = json.loads(done.stdout.splitlines()[-1])["steps"]

    assert done.returncode == 1
    assert first["failure"]["message"].startswith("the time zone 'Europe/Berlin' is not known on this machine")


def test_a_whole_pipeline_in_one_job_has_one_date(tmp_path: Path) -> None:
    write(tmp_path, CODE.replace("OPTIONS", BERLIN))
    arguments = ["--pipeline", "pipeline.py", "--home", str(tmp_path / "home"), "--logical-date", "2026-03-30"]
    done = orch(tmp_path, "pipeline", "run", *arguments, GITHUB_RUN_ID="77")
    record = json.loads((tmp_path / "home" / "runs" / "77" / "run.json").read_text())

    assert done.returncode == 0, done.stdout + done.stderr
    assert record["logical_date"] == "2026-03-30T00:00:00+02:00"
    assert previews(record)[1] == "True"


def test_a_job_of_a_compiled_workflow_does_not_make_up_a_date_of_its_own(tmp_path: Path) -> None:
    job = Job(tmp_path, CODE.replace("OPTIONS", BERLIN))

    assert job.run("first").returncode == 1
    assert job.record()["failure"]["message"].startswith("the logical date is not known in this job")
