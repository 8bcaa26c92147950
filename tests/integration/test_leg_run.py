"""`orch step run --leg` and `orch legs count` as jobs run them: which legs one job has, and that a gather wants every one."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.jobs import Job

STEPS = """
    @step
    def numbers(n: int) -> list[int]:
        return list(range(n))

    @step(on_failure=tell)
    def double(x: int) -> int:
        print("leg", context().leg, "of", context().step)
        if x == 3 and context().attempt == 1:
            raise ValueError("not three")
        return 2 * x

    @step
    def total(xs: list[int]) -> int:
        return sum(xs)

    @pipeline
    def p(n: int = 3, rates: list[int] = [1, 2]):
        xs = numbers(n)
        total(double.map(xs))
        double.product(xs, id="alone")
        double.map(rates, id="rated")
"""
CODE = f"    def tell(error) -> None:\n        print('hook of leg', context().leg)\n{STEPS}"


class Matrix:
    """The jobs of one run, one after the other: what they upload is what the others download."""

    def __init__(self, folder: Path, count: int) -> None:
        self.job = Job(folder, CODE)
        self.folder = folder
        self.count = count
        self.attempt = "1"
        self.legs = ""

    def run(self, step: str, leg: int | None = None, only: str = "") -> subprocess.CompletedProcess[str]:
        shutil.rmtree(self.folder / "outputs", ignore_errors=True)
        shutil.rmtree(self.folder / "record", ignore_errors=True)
        (self.folder / "output").write_text("")
        environment = {"ORCH_INPUTS": json.dumps({"n": self.count}), "GITHUB_RUN_ATTEMPT": self.attempt, "ORCH_LEGS": self.legs}
        command = [*self.job.command(step), *([] if leg is None else ["--leg", str(leg)]), *(["--only", only] if only else [])]
        ran = subprocess.run(command, cwd=self.folder, env=self.job.environment(environment), capture_output=True, text=True, check=False)
        name = step if leg is None else f"{step}.{leg}"
        if (self.folder / "outputs").is_dir() and ran.returncode == 0:
            self.job.deliver(f"orch-p-{name}-a{self.attempt}")
        if told := self.said("legs"):
            self.legs = told
        return ran

    def said(self, name: str) -> str:
        lines = (self.folder / "output").read_text().splitlines()
        return next((after for before, after in itertools.pairwise(lines) if before.startswith(f"{name}<<")), "")

    def records(self) -> dict[str, Any]:
        files = sorted((self.folder / "record").rglob("record.json"))
        return {record["id"]: record for record in (json.loads(file.read_bytes()) for file in files)}


def test_a_job_says_how_many_legs_hang_on_what_it_made(tmp_path: Path) -> None:
    matrix = Matrix(tmp_path, 3)
    matrix.run("numbers")

    counted = {"items": 3, "each": 1, "jobs": "[0,1,2]", "sizes": [3]}
    assert json.loads(matrix.said("legs")) == {"numbers.output": 3, "double": counted, "alone": counted}


def test_of_the_legs_of_a_job_those_run_that_no_earlier_run_has(tmp_path: Path) -> None:
    matrix = Matrix(tmp_path, 600)
    matrix.run("numbers")
    ran = matrix.run("double", 1, only="4")

    assert ran.returncode == 0
    assert list(matrix.records()) == ["double.4"]
    assert matrix.said("outputs") == "true"


def test_a_leg_has_a_record_and_a_log_of_its_own_and_the_gather_reads_all(tmp_path: Path) -> None:
    matrix = Matrix(tmp_path, 3)
    matrix.run("numbers")
    for leg in range(3):
        assert matrix.run("double", leg).returncode == 0
        assert list(matrix.records()) == [f"double.{leg}"]
        assert (tmp_path / "record" / f"double.{leg}" / "log.txt").read_text() == f"leg {leg} of double\n"
    assert matrix.run("total").returncode == 0

    (record,) = matrix.records().values()
    assert record["outputs"]["output"]["preview"] == "6"


def test_of_more_items_than_jobs_each_job_has_several_legs(tmp_path: Path) -> None:
    matrix = Matrix(tmp_path, 514)
    matrix.run("numbers")

    assert json.loads(json.loads(matrix.legs)["double"]["jobs"]) == list(range(172))
    assert matrix.run("double", 2).returncode == 0
    assert list(matrix.records()) == ["double.6", "double.7", "double.8"]
    assert matrix.run("double", 171).returncode == 0
    assert list(matrix.records()) == ["double.513"]
    assert matrix.run("double", 172).returncode == 2


def test_the_gather_reads_more_legs_than_a_matrix_has_jobs(tmp_path: Path) -> None:
    """257 items: 129 jobs of two, the last of one."""
    matrix = Matrix(tmp_path, 257)
    matrix.run("numbers")
    matrix.attempt = "2"  # at which none fails
    jobs = json.loads(json.loads(matrix.legs)["double"]["jobs"])
    legs = [leg for job in jobs if matrix.run("double", job).returncode == 0 for leg in matrix.records()]
    assert matrix.run("total").returncode == 0

    assert jobs == list(range(129))
    assert legs == [f"double.{leg}" for leg in range(257)]
    assert matrix.records()["total"]["outputs"]["output"]["preview"] == str(257 * 256)


def test_a_failed_leg_among_several_leaves_the_others_of_its_job(tmp_path: Path) -> None:
    matrix = Matrix(tmp_path, 514)
    matrix.run("numbers")
    ran = matrix.run("double", 1)

    assert ran.returncode == 1
    assert {name: record["state"] for name, record in matrix.records().items()} == {
        "double.3": "failed",
        "double.4": "succeeded",
        "double.5": "succeeded",
    }
    assert (matrix.said("state"), matrix.said("outputs")) == ("failed", "true")
    assert "hook of leg 3" in ran.stdout


@pytest.mark.parametrize("mode", ["stop_on_failure", "fail_fast"])
def test_where_a_failure_ends_the_others_the_legs_behind_it_in_its_job_do_not_start(tmp_path: Path, mode: str) -> None:
    matrix = Matrix(tmp_path, 514)
    graph = json.loads((tmp_path / "graph.json").read_bytes())
    (tmp_path / "graph.json").write_text(json.dumps(graph | {"execution_mode": mode}))
    matrix.run("numbers")
    assert matrix.run("double", 1).returncode == 1

    records = matrix.records()
    assert [records[f"double.{leg}"]["state"] for leg in (3, 4, 5)] == ["failed", "skipped", "skipped"]
    assert records["double.5"]["reason"] == f"not started, because double.3 failed and the execution mode is {mode}"


def test_only_the_failed_legs_run_again_and_the_gather_takes_the_highest_attempt_of_each(tmp_path: Path) -> None:
    matrix = Matrix(tmp_path, 4)
    matrix.run("numbers")
    assert [matrix.run("double", leg).returncode for leg in range(4)] == [0, 0, 0, 1]
    matrix.attempt = "2"
    assert matrix.run("double", 3).returncode == 0
    assert matrix.run("total").returncode == 0

    (record,) = matrix.records().values()
    assert record["outputs"]["output"]["preview"] == "12"


@pytest.mark.parametrize("absent", [0, 2])
def test_a_gather_fails_by_the_name_of_a_leg_that_did_not_report(tmp_path: Path, absent: int) -> None:
    matrix = Matrix(tmp_path, 3)
    matrix.run("numbers")
    for leg in {0, 1, 2} - {absent}:
        matrix.run("double", leg)
    ran = matrix.run("total")

    assert ran.returncode == 1
    assert matrix.records()["total"]["failure"]["message"].startswith(f"step 'double.{absent}' delivered no output 'output'")


def test_a_gather_of_nothing_is_an_empty_list(tmp_path: Path) -> None:
    matrix = Matrix(tmp_path, 0)
    matrix.run("numbers")
    assert json.loads(matrix.legs)["double"] == {"items": 0, "each": 1, "jobs": "[]", "sizes": [0]}
    assert matrix.run("total").returncode == 0

    assert matrix.records()["total"]["outputs"]["output"]["preview"] == "0"


@pytest.mark.parametrize(
    ("legs", "step", "leg", "code", "message"),
    [
        ("", "double", 0, 1, "nobody has told how many legs step 'double' has"),
        ("{", "double", 0, 1, "the input 'legs' has '{', which no job says of its legs"),
        ('{"double": {"items": "3", "sizes": [3]}}', "double", 0, 1, "which no job says of its legs"),
        ('{"double": {"items": 3, "sizes": [3], "jobs": "[0,1,2]"}}', "double", None, 2, "step 'double' is mapped, and --leg is ''"),
        ('{"double": {"items": 3, "sizes": [3], "jobs": "[0,1,2]"}}', "numbers", 1, 2, "step 'numbers' is not mapped, and --leg is '1'"),
        ('{"double": {"items": 1, "sizes": [null], "jobs": "[0]"}}', "double", 0, 1, "but the output 'numbers.output' is not a list"),
    ],
)
def test_what_no_compiled_workflow_passes_is_refused(
    tmp_path: Path, legs: str, step: str, leg: int | None, code: int, message: str
) -> None:
    matrix = Matrix(tmp_path, 3)
    matrix.run("numbers")
    matrix.legs = legs
    ran = matrix.run(step, leg)

    assert ran.returncode == code
    assert message in ran.stdout


def test_parameters_are_counted_by_a_job_of_their_own(tmp_path: Path) -> None:
    job = Job(tmp_path, CODE)
    command = [sys.executable, "-P", "-m", "orch", "legs", "count", f"--graph={tmp_path / 'graph.json'}", "--step", "rated"]
    environment = job.environment({"ORCH_INPUTS": '{"rates": "[5, 6, 7]"}'})
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr
    assert '{"rated":{"each":1,"items":3,"jobs":"[0,1,2]","sizes":[3]}}' in (tmp_path / "output").read_text()
