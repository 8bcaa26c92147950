"""A part of a pipeline, and the results of earlier runs that it is run on."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.graphs import graphs
from support.steps import a_graph, a_step

from orch.errors import OrchError, Problems, UsageError
from orch.model.artifacts import Artifact
from orch.model.conditions import Compare
from orch.model.graph import Choice, Graph, OutputRef, Step, Value
from orch.model.records import StepRecord
from orch.model.runs import RunInfo, RunRecord
from orch.model.states import State
from orch.orchestrators.local.home import Home
from orch.orchestrators.local.parts import last_results, part_from, part_of
from orch.stores.local import LocalStore

GRAPH = a_graph(a_step("load"), a_step("clean", ["load"]), a_step("train", ["clean", "load"]), a_step("report", ["train"], after=["clean"]))


def test_a_part_has_its_steps_and_of_those_that_they_read_from_the_outputs() -> None:
    part = part_of(GRAPH, ["train"])

    assert [step.id for step in part.graph.steps] == ["load", "clean", "train"]
    assert [step.id for step in part.producers] == ["load", "clean"]
    assert all(not step.inputs and not step.after for step in part.producers)
    assert part.graph["train"] == GRAPH["train"]


def test_an_edge_without_data_to_a_step_outside_is_dropped() -> None:
    assert part_of(GRAPH, ["report"]).graph["report"].after == ()
    assert part_of(GRAPH, ["report", "clean"]).graph["report"].after == ("clean",)


def test_from_a_step_is_that_step_and_all_below_it() -> None:
    assert part_from(GRAPH, "clean").steps == ("clean", "train", "report")
    assert part_from(GRAPH, "load").graph == GRAPH


def test_an_unknown_step_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        part_of(GRAPH, ["trian"])

    assert caught.value.hint == "did you mean 'train'?"


@given(graph=graphs(), data=st.data())
def test_any_part_is_a_graph_in_which_only_its_producers_have_lost_their_inputs(graph: Graph, data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.sampled_from([step.id for step in graph.steps]), min_size=1))
    part = part_of(graph, chosen)

    assert set(part.steps) == chosen
    assert all(part.graph[name].inputs == graph[name].inputs for name in chosen)
    assert {step.id for step in part.producers} == {
        ref.step for name in chosen for ref in graph[name].references if isinstance(ref, OutputRef) and ref.step not in chosen
    }


def keep(home: Home, run: str, records: Iterable[StepRecord], *, pipeline: str = "p", age: int = 0) -> None:
    folder = home.run(run)
    folder.create()
    folder.write_run(RunRecord(RunInfo(run, pipeline, "local"), State.SUCCEEDED, tuple(records), ended="x"))
    os.utime(folder.path / "run.json", (2_000_000_000 - age, 2_000_000_000 - age))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.of(tmp_path)


def made(home: Home, step: str, value: bytes) -> StepRecord:
    digest = LocalStore(home.store).put(value)
    return StepRecord(step, State.SUCCEEDED, started="x", outputs={"output": Artifact(digest, len(value), "json")})


def test_inputs_are_those_of_the_newest_run_that_has_them(home: Home) -> None:
    keep(home, "1", [made(home, "load", b"1"), made(home, "clean", b"11")], age=3)
    keep(home, "2", [made(home, "load", b"2"), StepRecord("clean", State.FAILED, started="x")], age=2)
    keep(home, "3", [made(home, "load", b"3"), made(home, "clean", b"3")], pipeline="another", age=1)

    found = last_results(part_of(GRAPH, ["train"]), home)

    assert {step: (record.state, record.cached_from, record.reason) for step, record in found.items()} == {
        "load": (State.CACHED, "2", "not in this part: as in run 2"),
        "clean": (State.CACHED, "1", "not in this part: as in run 1"),
    }
    assert found["load"].outputs == made(home, "load", b"2").outputs


def test_an_input_that_no_run_left_is_named_with_what_to_run(home: Home) -> None:
    keep(home, "1", [made(home, "load", b"1")])

    with pytest.raises(OrchError) as caught:
        last_results(part_of(GRAPH, ["train"]), home)

    assert caught.value.message == "step 'train' reads from 'clean', and no run on this machine has left its outputs"
    assert caught.value.hint == "orch run pipeline.py:p --step clean"


def test_an_input_that_is_gone_from_the_store_is_named_with_what_to_run(home: Home) -> None:
    keep(home, "1", [made(home, "load", b"1")])
    LocalStore(home.store).path(made(home, "load", b"1").outputs["output"].digest).unlink()

    with pytest.raises(OrchError) as caught:
        last_results(part_of(GRAPH, ["clean"]), home)

    assert caught.value.message == "the outputs of 'load' in run '1' are not in the store any more"
    assert caught.value.hint == "orch run pipeline.py:p --step load"


JOIN = a_graph(
    a_step("load"),
    replace(a_step("large", ["load"]), when=Compare(OutputRef("load", "output"), ">", Value(5))),
    a_step("small", ["load"]),
    Step("use", "pipeline.py:use", (("x", Choice((OutputRef("large", "output"), OutputRef("small", "output")))),)),
)


def test_of_branches_those_count_that_ran_in_the_newest_run_in_which_one_did(home: Home) -> None:
    large, small = made(home, "large", b"1"), made(home, "small", b"2")
    keep(home, "1", [large, replace(small, state=State.SKIPPED, outputs={})], age=4)
    keep(home, "2", [replace(large, state=State.SKIPPED, outputs={}), small], age=3)
    keep(home, "3", [replace(large, state=State.FAILED, outputs={}), replace(small, state=State.FAILED, outputs={})], age=2)

    found = last_results(part_of(JOIN, ["use"]), home)

    assert {step: (record.state, record.reason) for step, record in found.items()} == {
        "small": (State.CACHED, "not in this part: as in run 2"),
        "large": (State.SKIPPED, "not in this part: it did not run in run 2"),
    }


def test_a_branch_that_no_run_took_is_named_with_what_to_run(home: Home) -> None:
    with pytest.raises(Problems) as caught:
        last_results(part_of(JOIN, ["use"]), home)

    assert [problem.hint for problem in caught.value.problems] == [f"orch run pipeline.py:p --step {step}" for step in ("large", "small")]


def test_a_condition_that_the_last_result_does_not_tell_is_named_with_what_to_run(home: Home) -> None:
    load = made(home, "load", b"1")
    told = replace(load, outputs={"output": replace(load.outputs["output"], value=7)})
    keep(home, "1", [load], age=9)

    with pytest.raises(OrchError, match=r"does not tell whether load\.output > 5") as caught:
        last_results(part_of(JOIN, ["large"]), home)
    assert caught.value.hint == "orch run pipeline.py:p --from load"
    for number, record in enumerate([told, replace(load, flags={"output > 5": False})], 2):
        keep(home, str(number), [record], age=9 - number)
        assert last_results(part_of(JOIN, ["large"]), home)["load"].cached_from == str(number)


def test_a_damaged_record_hides_no_other(home: Home) -> None:
    keep(home, "1", [made(home, "load", b"1")])
    home.run("2").create()
    (home.run("2").path / "run.json").write_text("{")

    assert last_results(part_of(GRAPH, ["clean"]), home)["load"].cached_from == "1"
