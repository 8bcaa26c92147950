"""Runs on GitHub that use what earlier ones made, under act: which jobs start, what they ask, and what they do when something is gone."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest
from support.act import act_module
from support.local import run_module
from support.ran import Ran, copied

from orch.model.runs import comparable_digests
from orch.orchestrators.local.explain import explain_recorded
from orch.orchestrators.local.home import Home
from orch.replay.act.kept import FOLDER

pytestmark = pytest.mark.act

PYTHON: Final = f"{sys.version_info[0]}.{sys.version_info[1]}"
LETTERS: Final = f"""
    from orch import pipeline, step

    @step
    def load(rows: int) -> list[int]:
        return list(range(rows))

    @step
    def total(data: list[int]) -> int:
        return sum(data)

    @step
    def most(data: list[int]) -> int:
        return max(data)

    @step
    def report(total: int, most: int) -> str:
        return f"{{total}} in all, {{most}} at most"

    @pipeline(python="{PYTHON}")
    def letters(rows: int = 4) -> None:
        data = load(rows)
        report(total(data), most(data))
"""
CHANGED: Final = LETTERS.replace("sum(data)", "sum(data) + 1")
NAMES: Final = ("load", "total", "most", "report")
ALL: Final = dict.fromkeys(NAMES, "succeeded")
CACHED: Final = dict.fromkeys(NAMES, "cached")


def repository(folder: Path, cache: str = "plan") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "orch.yaml").write_text(f"cache: {cache}\n")
    return folder


def artifacts(ran: Ran) -> set[str]:
    """What the jobs of a run have uploaded."""
    return {file.stem.removesuffix("-a1") for file in (ran.folder / FOLDER).glob("*.zip")}


def of_jobs(ran: Ran) -> dict[str, int]:
    """How many artifacts each job of a step has uploaded; one that did not start has none."""
    return {step: sum(name in (f"orch-letters-{step}", f"orch-record-letters-{step}") for name in artifacts(ran)) for step in NAMES}


def requests(ran: Ran) -> list[str]:
    return (ran.folder / "requests.log").read_text().splitlines()


def plan_of(ran: Ran) -> dict[str, str]:
    with zipfile.ZipFile(ran.folder / FOLDER / "orch-letters-orch-plan-a1.zip") as zipped:
        return {step: said["action"] for step, said in json.loads(zipped.read("plan.json"))["decisions"].items()}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The first run of all."""
    return act_module(repository(tmp_path_factory.mktemp("first") / "churn"), LETTERS)


@pytest.fixture(scope="module")
def history(first: Ran, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Ran, Ran]:
    """The same, one more, and one with other code."""
    first = copied(first, tmp_path_factory.mktemp("history"))
    return first, act_module(first.repository, LETTERS), act_module(first.repository, CHANGED)


@pytest.fixture(scope="module")
def without_a_plan(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """A first run for each way to do without a plan."""
    return {cache: act_module(repository(tmp_path_factory.mktemp("unplanned") / "churn", cache), LETTERS) for cache in ("'off'", "job")}


def test_the_second_run_starts_only_the_jobs_that_changed(history: tuple[Ran, Ran, Ran], tmp_path: Path) -> None:
    first, second, third = history
    fourth = act_module(copied(third, tmp_path).repository, LETTERS.replace("sum(data)", "1 + sum(data)"))

    assert first.states == ALL
    assert of_jobs(first) == dict.fromkeys(NAMES, 2)

    assert second.states == CACHED
    assert of_jobs(second) == dict.fromkeys(NAMES, 0)
    assert comparable_digests(second.record) == comparable_digests(first.record)
    assert {step.cached_from for step in second.record.steps} == {first.record.info.run}

    assert third.states == CACHED | {"total": "succeeded", "report": "succeeded"}
    assert of_jobs(third) == {"load": 0, "total": 2, "most": 0, "report": 2}
    assert third["report"].outputs["output"].preview == "'7 in all, 3 at most'"

    # Early cut-off: the code of `total` changed again, and its result did not.
    assert plan_of(fourth) == {"load": "cached", "total": "run", "most": "cached", "report": "maybe"}
    assert fourth.states == CACHED | {"total": "succeeded"}
    assert fourth["report"].cached_from == third.record.info.run
    assert comparable_digests(fourth.record) == comparable_digests(third.record)


def test_what_changed_between_two_runs_is_shown_by_its_line(history: tuple[Ran, Ran, Ran]) -> None:
    _, second, third = history
    home = Home.of_act(third.repository)
    (change,) = explain_recorded(third.record, third["total"], home).changes
    file, _, line = change.name.rpartition(":")

    assert (change.kind, change.old.strip(), change.new.strip()) == ("code", "return sum(data)", "return sum(data) + 1")
    assert (third.repository / file).read_text().splitlines()[int(line) - 1].strip() == "return sum(data) + 1"
    assert explain_recorded(second.record, second["total"], home).changes == ()


def test_what_workflows_make_is_what_a_local_run_makes(first: Ran, tmp_path: Path) -> None:
    assert comparable_digests(first.record) == comparable_digests(run_module(tmp_path, LETTERS).record)


def test_the_plan_asks_five_times_at_most_and_the_job_of_a_step_never(history: tuple[Ran, Ran, Ran]) -> None:
    """Each job: two uploads, one download; the result job lists what there is."""
    first, second, _ = history

    assert len(requests(first)) == 3  # the plan: runs, indexes; the result: artifacts
    assert of_jobs(first) == dict.fromkeys(NAMES, 2)
    plan = [line for line in requests(second) if "/storage/" not in line]
    assert len(plan) - 1 <= 5


def test_without_a_cache_nobody_asks(without_a_plan: dict[str, Ran]) -> None:
    ran = without_a_plan["'off'"]

    assert requests(ran) == []
    assert of_jobs(ran) == dict.fromkeys(NAMES, 2)


def test_jobs_look_for_themselves_without_a_plan_job(without_a_plan: dict[str, Ran], tmp_path: Path) -> None:
    first = copied(without_a_plan["job"], tmp_path)
    second = act_module(first.repository, LETTERS)
    third = act_module(first.repository, LETTERS.replace("sum(data)", "1 + sum(data) - 1"))

    assert (first.states, second.states) == (ALL, CACHED)
    assert third.states == CACHED | {"total": "succeeded"}
    assert comparable_digests(third.record) == comparable_digests(first.record)


def test_where_the_machine_is_not_known_the_jobs_start_and_end_at_once(tmp_path: Path) -> None:
    code = LETTERS.replace(f'python="{PYTHON}"', 'python=">=3.11"')
    repository(tmp_path)
    act_module(tmp_path, code)
    second = act_module(tmp_path, code)

    assert plan_of(second) == dict.fromkeys(NAMES, "maybe")
    assert second.states == CACHED


def test_a_run_that_is_deleted_is_no_source(history: tuple[Ran, Ran, Ran], tmp_path: Path) -> None:
    first, second, third = history
    again = copied(first, tmp_path)
    shutil.rmtree(again.folder)

    fourth = act_module(again.repository, CHANGED)

    assert (second.states["load"], third.states["load"], fourth.states["load"]) == ("cached", "cached", "succeeded")
    assert fourth["load"].key == first["load"].key


def test_an_artifact_that_is_deleted_is_a_miss(first: Ran, tmp_path: Path) -> None:
    first = copied(first, tmp_path)
    for suffix in ("zip", "json"):
        (first.folder / FOLDER / f"orch-letters-load-a1.{suffix}").unlink()

    second = act_module(first.repository, LETTERS)

    assert second.states == CACHED | {"load": "succeeded"}


def test_an_artifact_that_is_damaged_fails_the_reader_and_is_made_again_by_the_next_run(first: Ran, tmp_path: Path) -> None:
    first = copied(first, tmp_path)
    (first.folder / FOLDER / "orch-letters-load-a1.zip").write_bytes(b"nonsense")

    second = act_module(first.repository, CHANGED)
    third = act_module(first.repository, CHANGED)

    assert second.states["total"] == "failed"
    failure = second["total"].failure
    assert failure is not None
    assert failure.cause == "input"
    assert third.states == {"load": "succeeded", "total": "succeeded", "most": "cached", "report": "succeeded"}


def test_nothing_is_taken_from_a_run_that_is_not_trusted(first: Ran, tmp_path: Path) -> None:
    first = copied(first, tmp_path)
    told = first.folder / "github.json"
    told.write_text(json.dumps(json.loads(told.read_bytes()) | {"head_repository": {"full_name": "mallory/churn"}}))

    assert act_module(first.repository, LETTERS).states == ALL


def test_the_artifacts_of_runs_are_counted_and_go_with_them(first: Ran) -> None:
    assert Home.of_act(first.repository).run(first.record.info.run).path == first.folder
    assert (first.folder / FOLDER / "orch-letters-load-a1.zip").is_file()


def test_without_the_cache_every_job_starts(first: Ran, tmp_path: Path) -> None:
    assert act_module(copied(first, tmp_path).repository, LETTERS, knows_earlier_runs=False).states == ALL


def test_a_re_run_takes_what_the_attempt_before_has_made(tmp_path: Path) -> None:
    """Of the very run, by the index that it left when it failed."""
    repository(tmp_path)
    mended = tmp_path / "outside" / "mended"
    code = LETTERS.replace("return sum(data)", f'open("{mended}").close(); return sum(data)')
    first = act_module(tmp_path, code)
    mended.parent.mkdir()
    mended.touch()

    second = act_module(tmp_path, code, attempt_of=first.record.info.run)

    assert first.states == {"load": "succeeded", "total": "failed", "most": "succeeded", "report": "skipped"}
    assert (second.record.info.run, second.record.info.attempt) == (first.record.info.run, 2)
    assert second.states == {"load": "cached", "total": "succeeded", "most": "cached", "report": "succeeded"}
    assert {name for name in artifacts(first) if name.endswith("-a2")} == {
        f"orch-{name}-a2"
        for name in (
            "letters-total",
            "letters-report",
            "record-letters-total",
            "record-letters-report",
            "letters-orch-plan",
            "letters-orch-index",
            "run-letters",
        )
    }


@pytest.mark.parametrize("cache", ["'off'", "job"])
def test_a_re_run_without_a_plan_has_what_it_needs(without_a_plan: dict[str, Ran], tmp_path: Path, cache: str) -> None:
    first = copied(without_a_plan[cache], tmp_path)

    second = act_module(first.repository, LETTERS, attempt_of=first.record.info.run)

    assert second.states == (ALL if cache == "'off'" else CACHED)
    assert comparable_digests(second.record) == comparable_digests(first.record)


MIXED: Final = f"""
    import orch
    from orch import pipeline, step

    @step
    def load(rows: int) -> list[int]:
        return list(range(rows))

    @step
    def square(x: int) -> int:
        return x * x

    @step
    def total(xs: list[int]) -> int:
        return sum(xs)

    @step
    def good(total: int) -> str:
        return f"good {{total}}"

    @step
    def bad(total: int) -> str:
        return f"bad {{total}}"

    @step
    def report(text: str) -> str:
        return f"it is {{text}}"

    @step
    def deploy(text: str) -> None:
        print(text)

    @pipeline(python="{PYTHON}")
    def mixed(rows: int = 3, ship: bool = True) -> None:
        result = total(square.map(load(rows)))
        with orch.when(result > 3):
            g = good(result)
        with orch.otherwise():
            b = bad(result)
        text = report(orch.either(g, b))
        with orch.when(ship):
            deploy(text)
"""


def test_conditions_joins_and_mapped_steps_use_what_earlier_runs_made(tmp_path: Path) -> None:
    """Where the code of a mapped step changed, all its legs run; what reads its list is cached where the list is as it was."""
    repository(tmp_path)
    first = act_module(tmp_path, MIXED)
    second = act_module(tmp_path, MIXED.replace("return x * x", "return x ** 2"))
    third = act_module(tmp_path, MIXED.replace("return x * x", "return -x"))

    steps = ("load", "square", "total", "good", "bad", "report", "deploy")
    ran = dict.fromkeys(steps, "succeeded") | {"bad": "skipped"}
    assert {step: first.states[step] for step in steps} == ran
    cached = {"load": "cached", "total": "cached", "good": "cached", "report": "cached"}
    assert {step: second.states[step] for step in steps} == ran | cached
    assert comparable_digests(second.record) == comparable_digests(first.record)
    assert {step: third.states[step] for step in steps} == ran | {"load": "cached", "good": "skipped", "bad": "succeeded"}
    assert third.preview("report") == "'it is bad -3'"
