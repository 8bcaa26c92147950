"""The search takes each branch of its condition, runs only what changed, and does both under act as on this machine."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from support import pages

EXAMPLE: Final = "examples/search"
PINNED: Final = f'requirements="requirements.txt", python="{sys.version_info[0]}.{sys.version_info[1]}",'
MONDAY: Final = ("--logical-date", "2026-11-16")
(CONSOLE,) = pages.blocks(f"{EXAMPLE}/README.md", "console")
PREPARED: Final = ("load", "split", "score", "choose", "fit", "in_use", "compare")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example in a repository of its own, for which nothing has run yet."""
    folder = tmp_path_factory.mktemp("fresh")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / "orch.yaml").write_text("cache: plan\n", encoding="utf-8")
    shutil.copytree(pages.ROOT / EXAMPLE, folder / EXAMPLE, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def searched(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The same after a first run, and its record."""
    folder = copied(fresh, tmp_path_factory.mktemp("searched") / "repository")
    return folder, run(folder)


def copied(repository: Path, to: Path) -> Path:
    return shutil.copytree(repository, to, symlinks=True)


def orch(repository: Path, *arguments: str) -> dict[str, Any]:
    """The record of the run."""
    command = [sys.executable, "-m", "orch", *arguments, "--json"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    record: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return record


def run(repository: Path, *arguments: str) -> dict[str, Any]:
    return orch(repository, "run", f"{EXAMPLE}/pipeline.py", *MONDAY, *arguments)


def states(record: dict[str, Any]) -> dict[str, str]:
    return {step["id"]: step["state"] for step in record["steps"]}


def ran(record: dict[str, Any]) -> set[str]:
    return {step for step, state in states(record).items() if state == "succeeded"}


def digests(record: dict[str, Any]) -> dict[str, str]:
    return {f"{step['id']}.{name}": output["digest"] for step in record["steps"] for name, output in step["outputs"].items()}


def test_the_better_model_is_published_and_once_committed_is_not_published_again(
    searched: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    repository, first = copied(searched[0], tmp_path / "repository"), searched[1]
    assert states(first)["publish"] == "succeeded"
    assert states(first)["stay"] == "skipped"

    shutil.copyfile(repository / ".orch/runs" / first["run"] / "outputs/publish/model/model.json", repository / EXAMPLE / "model.json")
    second = run(repository)

    assert ran(second) == {"in_use", "compare", "stay", "report"}
    assert states(second)["publish"] == "skipped"


def test_a_gain_that_is_too_small_keeps_the_model_in_use_and_searches_nothing_again(
    searched: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    again = run(copied(searched[0], tmp_path / "repository"), "--set", "least_gain=0.2")

    assert {state for step, state in states(again).items() if step.split(".")[0] in PREPARED} == {"cached"}
    assert states(again)["publish"] == "skipped"
    assert ran(again) == {"stay", "report"}


def test_one_more_value_of_a_hyper_parameter_runs_its_own_trials_alone(searched: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    more = run(copied(searched[0], tmp_path / "repository"), "--set", "measures=[2, 4, 6, 13]")

    assert ran(more) == {"score", "score.2", "score.3", "choose", "report"}
    assert states(more)["fit"] == "cached"


def test_the_runs_of_the_page_can_be_typed_as_they_stand(searched: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    repository = copied(searched[0], tmp_path / "repository")
    typed = [words for line in CONSOLE.text.splitlines() if (words := shlex.split(line, comments=True))[:2] == ["orch", "run"]]

    ended = [orch(repository, *words[1:]) for words in typed]

    assert [each["state"] for each in ended] == ["succeeded"] * 3
    assert [states(each)["publish"] for each in ended] == ["cached", "skipped", "cached"]


@pytest.mark.act
def test_workflows_make_what_local_runs_make_take_the_same_branches_and_start_no_job_again_whose_step_is_cached(
    fresh: Path, tmp_path: Path
) -> None:
    repository = copied(fresh, tmp_path / "repository")
    file = repository / EXAMPLE / "pipeline.py"
    # So that the plan knows the Python of the jobs, which here is that of this machine.
    file.write_text(file.read_text(encoding="utf-8").replace('requirements="requirements.txt",', PINNED), encoding="utf-8")
    act = ("act", f"{EXAMPLE}/pipeline.py", *MONDAY)

    first, local = orch(repository, *act), run(repository)
    second, other = orch(repository, *act, "--set", "least_gain=0.2"), run(repository, "--set", "least_gain=0.2")
    uploaded = {path.stem for path in (repository / ".orch/act/runs" / second["run"] / "artifacts").glob("*.zip")}

    assert digests(first) == digests(local)
    assert digests(second) == digests(other)
    assert {states(first)["publish"], states(second)["stay"]} == {"succeeded"}
    assert {states(first)["stay"], states(second)["publish"]} == {"skipped"}
    assert {states(second)[step] for step in ("load", "split", "choose", "fit", "in_use", "compare")} == {"cached"}
    assert not {f"orch-record-search-{step}-a1" for step in ("load", "split", "in_use")} & uploaded
