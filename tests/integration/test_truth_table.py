"""The truth table, run: by `orch run`, on the model of GitHub's scheduling, and some of it under act."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.act import act_module
from support.github_model import GitHub, Story
from support.github_parser import GitHubParser
from support.local import run_module
from support.modules import graph_of
from support.ran import Ran, copied
from support.truth_table import MAPPED_ROWS, MAPPED_UNDER_ACT, MODES, ROWS, UNDER_ACT, WORTH_A_RUN, MappedRow, Row

from orch.model import values
from orch.model.fan import index_of
from orch.model.states import State
from orch.stacks.settings import Settings


def twice(row: Row, folder: Path, run: Callable[[dict[str, object]], Ran]) -> Ran:
    """The run of a row, after one in which everything succeeded where results of an earlier run are wanted."""
    if row.cached:
        assert set(run({}).states.values()) == {"succeeded"}
    for name in row.failed:
        (folder / name).touch()
    return run(row.parameters)


@pytest.mark.parametrize("row", WORTH_A_RUN, ids=str)
def test_a_run_on_this_machine_ends_as_the_table_says(tmp_path: Path, row: Row) -> None:
    code = row.code(tmp_path / "broken")
    (tmp_path / "broken").mkdir()

    ran = twice(row, tmp_path / "broken", lambda given: run_module(tmp_path, code, parameters=given))

    assert ran.states == row.ends
    assert ran.record.state == ("failed" if "failed" in row.ends.values() else "succeeded")
    if row.ends["join"] == "succeeded":
        assert list(ran["join"].inputs) == [f"{row.joined}.output"]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_workflow_ends_as_the_table_says(tmp_path: Path, github_parser: GitHubParser, row: Row) -> None:
    graph = graph_of(tmp_path, row.code(tmp_path))
    given = {"limit": 0, "go": True} | row.parameters
    story = Story(
        graph,
        ends=dict.fromkeys(row.failed, State.FAILED),
        values={f"{step.id}.{output.name}": 1 for step in graph.steps for output in step.outputs},
        cached=row.cached,
        parameters={name: values.encode(value) for name, value in given.items()},
    )
    github = GitHub(github_parser, story)

    record = github.run()

    assert {step.step: str(step.state) for step in record.steps} == row.ends
    assert record.state == ("failed" if "failed" in row.ends.values() else "succeeded")
    if row.ends["join"] == "succeeded":
        assert github.read["join"] == (row.joined,)


def mapped_twice(row: MappedRow, folder: Path, run: Callable[[dict[str, object]], Ran]) -> dict[str, str]:
    """The ends of the steps, without those of legs."""
    if row.cached:
        assert set(run({}).states.values()) == {"succeeded"}
    if row.fails:
        (folder / "work").touch()
    return {name: state for name, state in run(row.parameters).states.items() if index_of(name) is None}


@pytest.mark.parametrize("row", MAPPED_ROWS, ids=str)
def test_a_mapped_run_on_this_machine_ends_as_the_table_says(tmp_path: Path, row: MappedRow) -> None:
    code = row.code(tmp_path / "broken")
    (tmp_path / "broken").mkdir()

    assert mapped_twice(row, tmp_path / "broken", lambda given: run_module(tmp_path, code, parameters=given)) == row.ends


@pytest.mark.parametrize("row", MAPPED_ROWS, ids=str)
def test_a_mapped_workflow_ends_as_the_table_says(tmp_path: Path, github_parser: GitHubParser, row: MappedRow) -> None:
    story = Story(
        graph_of(tmp_path, row.code(tmp_path)),
        ends={"work": State.FAILED} if row.fails else {},
        lengths={"many.output": row.items},
        cached={"many"} if row.cached else set(),
        parameters={"n": row.items, "go": row.condition != "false"},
    )

    for settings in (Settings(), Settings(cache="plan")):
        record = GitHub(github_parser, story, settings).run()

        states = {step.step: str(step.state) for step in record.steps if index_of(step.step) is None}
        assert states == row.ends


@pytest.mark.act
@pytest.mark.parametrize("row", MAPPED_UNDER_ACT, ids=str)
def test_a_mapped_run_under_act_ends_as_the_table_says(tmp_path: Path, row: MappedRow) -> None:
    project, broken = tmp_path / "project", tmp_path / "broken"
    broken.mkdir()
    project.mkdir()
    (project / "orch.yaml").write_text("cache: plan\n")

    def run(given: dict[str, object]) -> Ran:
        return act_module(project, row.code(broken), given={name: str(value).lower() for name, value in given.items()})

    assert mapped_twice(row, broken, run) == row.ends


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A run under act in which everything succeeded, as the first one of all rows that use results of an earlier run."""
    folder = tmp_path_factory.mktemp("before")
    (folder / "broken").mkdir()
    (folder / "project").mkdir()
    (folder / "project/orch.yaml").write_text("cache: plan\n")
    return act_module(folder / "project", Row("cached", "cached", "output-true", MODES[0]).code(folder / "broken"))


@pytest.mark.act
@pytest.mark.parametrize("row", UNDER_ACT, ids=str)
def test_a_run_under_act_ends_as_the_table_says(tmp_path: Path, row: Row, request: pytest.FixtureRequest) -> None:
    if row.cached:
        earlier: Ran = request.getfixturevalue("before")
        assert set(earlier.states.values()) == {"succeeded"}
        project, broken = copied(earlier, tmp_path).repository, earlier.repository.parent / "broken"
        assert not row.failed  # the folder is that of all
    else:
        project, broken = tmp_path / "project", tmp_path / "broken"
        broken.mkdir()
        project.mkdir()
        (project / "orch.yaml").write_text("cache: plan\n")
    for name in row.failed:
        (broken / name).touch()

    ran = act_module(project, row.code(broken), given={name: str(value).lower() for name, value in row.parameters.items()})

    assert ran.states == row.ends
