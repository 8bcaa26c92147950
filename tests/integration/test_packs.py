"""Steps that share a job: what they deliver and record is what each would have in a job of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.jobs import Job

CODE = """
from pathlib import Path
from typing import Annotated
from orch import context, pipeline, step

@step
def load(rows: int) -> list[int]:
    print("loading")
    return list(range(rows))

@step
def double(xs: list[int]) -> list[int]:
    return [2 * x for x in xs]

@step
def fails(xs: list[int]) -> int:
    raise ValueError("no good")

@step
def page(xs: list[int]) -> Annotated[Path, "page"]:
    Path("page.txt").write_text(str(xs))
    return Path("page.txt")

def tell(error: BaseException) -> None:
    print("told of", context().step)

@step(on_failure=tell)
def total(xs: list[int], page: Path) -> int:
    return sum(xs) + len(page.read_text())

@step
def end(x: int) -> int:
    return x + 1

"""
FLOW = """
@pipeline
def flow(rows: int = 4) -> None:
    xs = double(load(rows))
    end(total(xs, page(xs)))
"""
BROKEN = """
@pipeline
def broken(rows: int = 4) -> None:
    xs = load(rows)
    fails(xs)
    end.with_options(id="after_it")(fails.with_options(id="fails_too")(xs))
    page(xs)
"""


class Packs:
    """Jobs that run several steps each, and hand their artifacts on as GitHub does."""

    def __init__(self, folder: Path, pipeline: str) -> None:
        self.jobs = Job(folder, CODE + pipeline)
        self.folder = folder

    def run(self, *steps: str, **more: str) -> subprocess.CompletedProcess[str]:
        for name in ("outputs", "record"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        command = [sys.executable, "-P", "-m", "orch", "pack", "run", f"--graph={self.folder / 'graph.json'}", "--steps", ",".join(steps)]
        command += [f"--{name}={self.folder / name}" for name in ("inputs", "outputs", "record")]
        environment = self.jobs.environment(more)
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def states(self) -> dict[str, str]:
        files = sorted((self.folder / "record").glob("*/record.json"))
        return {file.parent.name: json.loads(file.read_text())["state"] for file in files}

    def record(self, step: str) -> dict[str, object]:
        return dict(json.loads((self.folder / "record" / step / "record.json").read_text()))


@pytest.fixture
def flow(tmp_path: Path) -> Packs:
    return Packs(tmp_path, FLOW)


def test_steps_of_a_pack_read_from_each_other_and_hand_all_their_outputs_on(flow: Packs) -> None:
    done = flow.run("load", "double", "page")

    assert done.returncode == 0, done.stderr
    assert flow.states() == {"double": "succeeded", "load": "succeeded", "page": "succeeded"}
    assert "load | loading" in done.stdout
    assert (flow.folder / "record/load/log.txt").read_text() == "loading\n"
    flow.jobs.deliver("orch-flow-load-a1")
    done = flow.run("total", "end")

    assert done.returncode == 0, done.stderr
    assert flow.states() == {"end": "succeeded", "total": "succeeded"}
    assert flow.record("end")["outputs"]["output"]["preview"] == str(12 + len("[0, 2, 4, 6]") + 1)  # type: ignore[index]


def test_a_step_alone_reads_what_a_pack_has_delivered_and_a_pack_what_steps_have(flow: Packs) -> None:
    assert flow.jobs.run("load").returncode == 0
    flow.jobs.deliver("orch-flow-load-a1")
    assert flow.run("double", "page").returncode == 0
    flow.jobs.deliver("orch-flow-double-a1")
    done = flow.jobs.run("total")

    assert done.returncode == 0, done.stderr
    assert flow.jobs.record()["outputs"]["output"]["preview"] == "24"


def test_a_pack_has_the_digests_of_jobs_of_their_own(flow: Packs) -> None:
    flow.run("load", "double", "page")
    together = {step: flow.record(step)["outputs"] for step in ("load", "double", "page")}
    apart = {}
    for step in ("load", "double", "page"):
        assert flow.jobs.run(step).returncode == 0
        apart[step] = flow.jobs.record()["outputs"]
        flow.jobs.deliver(f"orch-flow-{step}-a1")

    assert together == apart


def test_a_failure_ends_what_depends_on_it_and_nothing_else(tmp_path: Path) -> None:
    broken = Packs(tmp_path, BROKEN)
    done = broken.run("load", "fails", "fails_too", "after_it", "page")

    assert done.returncode == 1
    assert broken.states() == {"after_it": "skipped", "fails": "failed", "fails_too": "failed", "load": "succeeded", "page": "succeeded"}
    assert done.stdout.count("::error") == 2
    assert sorted(file.name for file in (tmp_path / "outputs/records").iterdir()) == ["load.json", "page.json"]


def test_without_an_input_no_step_runs_each_says_why_and_hooks_are_called(flow: Packs) -> None:
    done = flow.run("total", "end")

    assert done.returncode == 1
    assert flow.states() == {"end": "skipped", "total": "failed"}
    assert "step 'double' delivered no output 'output'" in flow.record("total")["failure"]["message"]  # type: ignore[index]
    assert flow.record("end")["reason"] == "total failed"
    assert (flow.folder / "record/total/log.txt").read_text() == "told of total\n"
    assert done.stdout.count("::error") == 1


def test_keys_are_the_result_jobs_to_tell(flow: Packs) -> None:
    """Here they would be of the packages that are installed, there they are of those that the lock says."""
    flow.run("load", "double")

    assert not {"key", "facts", "cause"} & flow.record("double").keys()


def test_without_a_schedule_there_is_no_logical_date_in_a_pack_either(tmp_path: Path) -> None:
    dated = """
from orch import context, pipeline, step

@step
def when() -> str:
    return str(context().logical_date)

@step
def then(x: str) -> str:
    return x

@pipeline
def p() -> None:
    then(when())
"""
    packs = Packs(tmp_path, dated)
    done = packs.run("when", "then")

    assert done.returncode == 1
    assert packs.states() == {"then": "skipped", "when": "failed"}


def test_a_damaged_input_is_never_read(flow: Packs) -> None:
    flow.run("load", "double", "page")
    flow.jobs.deliver("orch-flow-load-a1")
    for file in (flow.folder / "inputs").rglob("*"):
        if file.is_file() and file.suffix != ".json":
            file.chmod(0o644)
            file.write_bytes(file.read_bytes()[:-1] + b"x")
    done = flow.run("total", "end")

    assert done.returncode != 0
    assert flow.states()["total"] == "failed"


@pytest.mark.parametrize(("steps", "said"), [("load,nope", "no step 'nope'"), ("", "no step ''")])
def test_a_step_that_there_is_not_is_refused(flow: Packs, steps: str, said: str) -> None:
    done = flow.run(steps)

    assert done.returncode == 2
    assert said in done.stdout
