"""Values on their way between real processes: materializers of the project's own, and what `pickle: forbid` refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from support.act import act_module
from support.jobs import Job
from support.local import run_module

from orch.errors import UsageError
from orch.model.runs import comparable_digests
from orch.model.states import State
from orch.orchestrators.local.parts import part_of

TOOLKIT: Final = Path(__file__).parents[2] / "toolkit"

CHEMISTRY: Final = """
from pathlib import Path

import orch


class Molecule:
    def __init__(self, formula: str) -> None:
        self.formula = formula


@orch.materializer(Molecule, deterministic=True)
class MoleculeFile:
    def save(self, value: Molecule, folder: Path) -> None:
        (folder / "formula.txt").write_text(value.formula)

    def load(self, folder: Path) -> Molecule:
        return Molecule((folder / "formula.txt").read_text())
"""
MOLECULES: Final = """
    from dataclasses import dataclass

    from chemistry import Molecule

    @dataclass
    class Sample:
        main: Molecule
        others: list[Molecule]

    @step
    def sample() -> Sample:
        return Sample(Molecule("H2O"), [Molecule("CO2")])

    @step
    def formulas(sample: Sample) -> list[str]:
        return [type(sample).__name__, sample.main.formula, *(other.formula for other in sample.others)]

    @pipeline
    def chemistry_of_water() -> None:
        formulas(sample())
"""
MODELS: Final = """
    class Model:
        pass

    @step
    def fit() -> dict[str, Model]:
        return {"best": Model()}

    @step
    def use(models: dict[str, Model]) -> str:
        return type(models["best"]).__name__

    @pipeline
    def models() -> None:
        use(fit())
"""


def project(folder: Path) -> Path:
    (folder / "chemistry.py").write_text(CHEMISTRY)
    (folder / "pyproject.toml").touch()
    return folder


def test_a_materializer_of_the_project_keeps_values_between_steps(tmp_path: Path) -> None:
    ran = run_module(project(tmp_path), MOLECULES)

    assert ran.states == {"sample": "succeeded", "formulas": "succeeded"}
    assert ran.preview("formulas") == "['Sample', 'H2O', 'CO2']"
    assert ran["sample"].outputs["output"].pickled == ()


def test_a_materializer_of_the_project_keeps_values_between_jobs(tmp_path: Path) -> None:
    job = Job(project(tmp_path), MOLECULES)
    assert job.run("sample").returncode == 0
    job.deliver("sample")

    assert job.run("formulas").returncode == 0
    assert job.record()["outputs"]["output"]["preview"] == "['Sample', 'H2O', 'CO2']"


@pytest.mark.act
def test_a_materializer_of_the_project_keeps_values_under_act(tmp_path: Path) -> None:
    ran = act_module(project(tmp_path), MOLECULES)

    assert ran.preview("formulas") == "['Sample', 'H2O', 'CO2']"
    assert comparable_digests(ran.record) == comparable_digests(run_module(tmp_path, MOLECULES).record)


def test_a_changed_materializer_runs_again_what_it_wrote_and_who_reads_it(tmp_path: Path) -> None:
    run_module(project(tmp_path), MOLECULES)
    again = run_module(tmp_path, MOLECULES)
    (tmp_path / "chemistry.py").write_text(CHEMISTRY.replace("read_text())", "read_text().lower())"))
    changed = run_module(tmp_path, MOLECULES)

    assert again.states == {"sample": "cached", "formulas": "cached"}
    assert changed.states == {"sample": "succeeded", "formulas": "succeeded"}
    assert changed.preview("formulas") == "['Sample', 'h2o', 'co2']"


def test_what_a_materializer_raises_fails_the_step_with_the_users_own_line(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "chemistry.py").write_text(CHEMISTRY.replace("write_text(value.formula)", "write_text(value.weight)"))

    failure = run_module(tmp_path, MOLECULES)["sample"].failure

    assert failure is not None
    assert "output 'output': at $.main: chemistry:MoleculeFile.save raised AttributeError" in failure.message
    assert (failure.file, failure.line) == (
        "chemistry.py",
        CHEMISTRY.splitlines().index('        (folder / "formula.txt").write_text(value.formula)') + 1,
    )
    assert "value.weight" in failure.traceback


# --- pickle: forbid ---


def test_pickles_are_kept_unless_they_are_forbidden(tmp_path: Path) -> None:
    ran = run_module(tmp_path, MODELS)

    assert ran.preview("use") == "'Model'"
    assert ran["fit"].outputs["output"].pickled == ("$.best",)


def test_saving_a_pickle_that_is_forbidden_fails_with_place_type_and_the_way_out(tmp_path: Path) -> None:
    ran = run_module(tmp_path, MODELS, pickles="forbid")

    assert ran.states == {"fit": "failed", "use": "skipped"}
    failure = ran["fit"].failure
    assert failure is not None
    assert "at $.best: a value of type 'pipeline.Model' can only be pickled, and orch.yaml says `pickle: forbid`" in failure.message
    assert "(declared as 'dict[str, Model]')" in failure.message
    assert "@orch.materializer" in failure.message


def test_an_earlier_result_that_is_a_pickle_is_none_once_pickles_are_forbidden(tmp_path: Path) -> None:
    first = run_module(tmp_path, MODELS)

    ran = run_module(tmp_path, MODELS, pickles="forbid")

    assert ran.states == {"fit": "failed", "use": "skipped"}
    assert ran["fit"].cause == "forbidden"
    assert ran["fit"].failure is not None
    assert "can only be pickled, and orch.yaml says `pickle: forbid`" in ran["fit"].failure.message
    with pytest.raises(UsageError, match=f"the outputs of 'fit' in run '{first.record.info.run}' are a pickle, and orch.yaml says"):
        run_module(tmp_path, MODELS, pickles="forbid", part=lambda graph: part_of(graph, ["use"]))
    assert run_module(tmp_path, MODELS).states == {"fit": "cached", "use": "cached"}


def test_explain_knows_that_pickles_are_forbidden(tmp_path: Path) -> None:
    first = run_module(tmp_path, MODELS).record.info.run
    (tmp_path / ".git").mkdir(exist_ok=True)
    (tmp_path / "orch.yaml").write_text("pickle: forbid\n")
    command = [sys.executable, "-P", "-m", "orch", "explain", "pipeline.py", "fit"]
    environment = {**os.environ, "PYTHONPATH": str(TOOLKIT)}
    told = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert f"fit runs next time: the result of run {first} is a pickle, and orch.yaml says `pickle: forbid`" in told.stdout, told.stderr


def test_loading_a_pickle_that_is_forbidden_fails_and_runs_nothing(tmp_path: Path) -> None:
    job = Job(tmp_path, MODELS)
    job.run("fit")
    job.deliver("orch-p-fit-a1")

    command, environment = [*job.command("use"), "--pickle", "forbid"], job.environment({})
    refused = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)

    assert refused.returncode == 1
    message = job.record()["failure"]["message"]
    assert "is a pickle, loading it could run any code, and orch.yaml says `pickle: forbid`" in message


def test_jobs_are_told_by_the_workflow(tmp_path: Path) -> None:
    job = Job(tmp_path, MODELS)

    refused = subprocess.run(
        [*job.command("fit"), "--pickle", "forbid"], cwd=tmp_path, env=job.environment({}), capture_output=True, check=False
    )

    assert refused.returncode == 1
    assert "pickle: forbid" in job.record()["failure"]["message"]


@pytest.mark.parametrize("command", ["step", "pipeline"])
def test_a_job_that_is_told_nonsense_says_so(tmp_path: Path, command: str) -> None:
    job = Job(tmp_path, MODELS)
    called = (
        job.command("fit") if command == "step" else [*job.command("fit")[:4], "pipeline", "run", "--pipeline=pipeline.py", "--home=home"]
    )

    told = subprocess.run(
        [*called, "--pickle", "never"], cwd=tmp_path, env=job.environment({}), capture_output=True, text=True, check=False
    )

    assert told.returncode == 2
    assert "--pickle is 'never', expected 'allow' or 'forbid'" in told.stdout + told.stderr


@pytest.mark.act
def test_under_act_jobs_do_what_orch_yaml_says(tmp_path: Path) -> None:
    (tmp_path / "orch.yaml").write_text("pickle: forbid\n")

    ran = act_module(tmp_path, MODELS)

    assert ran.states == {"fit": "failed", "use": "skipped"}
    assert ran["fit"].failure is not None
    assert "pickle: forbid" in ran["fit"].failure.message


def test_orch_run_does_what_orch_yaml_says_and_else_names_the_pickles(tmp_path: Path) -> None:
    Job(tmp_path, MODELS)
    (tmp_path / ".git").mkdir()

    def orch_run() -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(TOOLKIT)}
        command = [sys.executable, "-m", "orch", "run", "pipeline.py", "--no-cache"]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    allowed = orch_run()
    (tmp_path / "orch.yaml").write_text("pickle: forbid\n")
    refused = orch_run()

    assert allowed.returncode == 0
    assert "kept by pickle, which runs code when it is loaded: fit.output (at $.best)" in allowed.stdout
    assert refused.returncode == 1
    assert "pickle: forbid" in refused.stdout
    assert State.FAILED in refused.stdout
