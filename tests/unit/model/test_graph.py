"""A graph is checked when it is made: whatever holds one holds a valid one."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.graphs import graphs
from support.steps import a_graph, a_step

from orch.errors import CycleError, DuplicateStepError, GraphError, OrchError, Problems, UnknownStepError
from orch.model import canonical
from orch.model.graph import Graph, find_cycle
from orch.model.graph_file import SCHEMA
from orch.model.parameters import Kind, Parameter, ParameterType
from orch.model.steps import Output, OutputRef, ParameterRef, Sequence, Step, Table, Value, binding_from_json, binding_to_json


def problem_with(*steps: Step, pipeline: str = "p") -> OrchError:
    with pytest.raises(OrchError) as caught:
        a_graph(*steps, pipeline=pipeline)
    return caught.value


def test_a_pipeline_has_steps() -> None:
    with pytest.raises(GraphError, match="has no steps"):
        Graph("p", "pipeline.py:p", ())


@pytest.mark.parametrize("name", ["", "1st", "__x", "a-b", "ä", "x" * 65, "record", "run"])
def test_a_pipelines_name_is_one_that_github_takes(name: str) -> None:
    assert isinstance(problem_with(a_step("a"), pipeline=name), GraphError)


@pytest.mark.parametrize("name", ["", "1st", "__x", "a-b", "ä", "x" * 65])
def test_a_steps_id_is_one_that_github_takes(name: str) -> None:
    error = problem_with(a_step(name))

    assert isinstance(error, GraphError)
    assert error.step == name


@pytest.mark.parametrize("name", ["../up", "a.b", ""])
def test_an_outputs_name_is_one_that_a_file_can_have(name: str) -> None:
    error = problem_with(Step("a", "p.py:a", outputs=(Output(name),)))

    assert isinstance(error, GraphError)
    assert error.step == "a"


def test_two_outputs_of_a_step_have_two_names() -> None:
    assert "two outputs named 'x'" in problem_with(Step("a", "p.py:a", outputs=(Output("x"), Output("x")))).message


def test_ids_that_github_does_not_tell_apart_are_refused() -> None:
    error = problem_with(a_step("load"), a_step("Load"))

    assert isinstance(error, DuplicateStepError)
    assert error.step == "Load"


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (a_step("b", ["z"]), "reads from 'z', which does not exist"),
        (Step("b", "p.py:b", (("x", OutputRef("a", "other")),)), "reads 'other' of 'a', which has no such output"),
        (Step("b", "p.py:b", (("x", ParameterRef("rows")),)), "reads the parameter 'rows', which does not exist"),
        (Step("b", "p.py:b", (("x", Sequence("list", (Value(1), OutputRef("z", "output")))),)), "reads from 'z'"),
        (Step("b", "p.py:b", (("x", Table((("k", OutputRef("z", "output")),))),)), "reads from 'z'"),
        (a_step("b", after=["z"]), "comes after 'z', which does not exist"),
    ],
)
def test_a_reference_to_what_is_not_there_is_refused(step: Step, message: str) -> None:
    error = problem_with(a_step("a"), step)

    assert isinstance(error, UnknownStepError)
    assert message in error.message


def test_all_problems_of_a_graph_come_at_once() -> None:
    error = problem_with(a_step("a", ["y"]), a_step("a", after=["z"]))

    assert isinstance(error, Problems)
    assert [type(problem) for problem in error.problems] == [DuplicateStepError, UnknownStepError, UnknownStepError]


def test_steps_that_wait_for_each_other_are_named_from_the_first_one_round() -> None:
    error = problem_with(a_step("a"), a_step("b", ["c"]), a_step("c", after=["d"]), a_step("d", ["b"]))

    assert isinstance(error, CycleError)
    assert error.message == "steps wait for each other: 'b' -> 'c' -> 'd' -> 'b'"
    assert error.step == "b"


def test_a_step_that_waits_for_itself_is_a_cycle() -> None:
    assert find_cycle((a_step("a", after=["a"]),)) == ["a", "a"]


def test_an_output_is_read_where_a_step_reads_it_and_not_where_it_waits_for_its_step() -> None:
    graph = a_graph(a_step("a"), a_step("b", ["a"]), a_step("c", after=["b"]))

    assert graph.outputs_read == {OutputRef("a", "output")}


def test_two_ways_to_one_step_are_no_cycle() -> None:
    assert find_cycle((a_step("a"), a_step("b", ["a"]), a_step("c", ["a"]), a_step("d", ["b", "c"]))) is None


def test_a_chain_of_any_length_has_no_cycle() -> None:
    names = [f"s{i}" for i in range(3000)]
    chain = tuple(a_step(name, after=[need] if need else []) for name, need in zip(names, ["", *names], strict=False))

    assert find_cycle(chain[::-1]) is None
    assert len(find_cycle((*chain[1:], a_step("s0", after=[names[-1]]))) or []) == 3001


@given(graph=graphs(mapped=True, conditional=True), data=st.data())
def test_an_edge_back_makes_a_cycle(graph: Graph, data: st.DataObject) -> None:
    edges = [(need, step.id) for step in graph.steps for need in step.needs]
    if not edges:
        return
    early, late = data.draw(st.sampled_from(edges))
    steps = tuple(replace(step, after=(*step.after, late)) if step.id == early else step for step in graph.steps)

    cycle = find_cycle(steps)

    by_id = {step.id: step for step in steps}
    assert cycle is not None
    assert cycle[0] == cycle[-1]
    assert all(need in by_id[step].needs for step, need in itertools.pairwise(cycle))


# --- the graph file ---


def test_a_newer_graph_is_refused_with_the_way_out() -> None:
    with pytest.raises(GraphError, match=f"schema {SCHEMA + 1}") as caught:
        Graph.from_json(a_graph().to_json() | {"schema": SCHEMA + 1})

    assert "install" in caught.value.hint


@pytest.mark.parametrize("data", [None, [], {}, {"schema": "1"}, {"schema": True}, {"schema": 0}])
def test_what_has_no_schema_is_no_graph(data: Any) -> None:
    with pytest.raises(GraphError, match="not a graph"):
        Graph.from_json(data)


def test_a_key_that_this_version_does_not_know_is_refused() -> None:
    with pytest.raises(GraphError, match="a graph has unknown keys: 'colour'"):
        Graph.from_json(a_graph().to_json() | {"colour": "red"})
    data = a_graph().to_json()
    data["steps"][0]["colour"] = "red"

    with pytest.raises(GraphError, match="a step has unknown keys: 'colour'"):
        Graph.from_json(data)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"steps": 3}, "'steps' of a graph is 3, expected a list of steps, each with its id"),
        ({"steps": [{"id": "a"}]}, "a step lacks 'inputs', 'outputs', 'source'"),
        ({"triggers": [{"type": "moon"}]}, "this is not a graph of schema 1: ValueError: unknown trigger 'moon'"),
        ({"parameters": [{}]}, "a parameter lacks 'name', 'type'"),
        ({"parameters": ["rows"]}, "a parameter is 'rows', expected an object"),
        ({"execution_mode": "later"}, "this is not a graph of schema 1: ValueError: 'later' is not a valid ExecutionMode"),
    ],
)
def test_a_damaged_graph_is_refused_in_words(damage: dict[str, Any], message: str) -> None:
    with pytest.raises(GraphError) as caught:
        Graph.from_json(a_graph().to_json() | damage)

    assert caught.value.message == message


def test_two_arguments_of_one_name_are_refused() -> None:
    data = a_graph().to_json()
    data["steps"][0]["inputs"] = [["x", {"value": 1}], ["x", {"value": 2}]]

    with pytest.raises(GraphError, match="two arguments of one name"):
        Graph.from_json(data)


@given(graph=graphs(mapped=True, conditional=True))
def test_the_graph_file_is_the_same_bytes_for_the_same_graph(graph: Graph) -> None:
    assert Graph.from_json(canonical.loads(graph.text())).text() == graph.text()


def test_a_graph_file_names_what_differs_from_the_defaults_only() -> None:
    graph = a_graph(a_step("a"), parameters=[Parameter("rows", ParameterType(Kind.INT, text="int"), default=3)])

    assert list(graph.to_json()) == ["schema", "pipeline", "source", "project", "parameters", "triggers", "steps"]
    assert list(graph.to_json()["steps"][0]) == ["id", "source", "inputs", "outputs"]


# --- steps ---


@pytest.mark.parametrize(
    "binding",
    [
        Value({"a": [1, None]}),
        ParameterRef("rows"),
        OutputRef("a", "output"),
        Sequence("list", (OutputRef("a", "output"), Value(1))),
        Sequence("tuple", (ParameterRef("rows"),)),
        Table((("z", OutputRef("a", "output")), ("b", Table((("c", Value("x")),))))),
    ],
)
def test_an_argument_survives_the_graph_file(binding: Any) -> None:
    assert binding_from_json(canonical.loads(canonical.dumps(binding_to_json(binding)))) == binding


@pytest.mark.parametrize("data", [None, {}, {"value": 1, "step": "a"}, {"step": "a"}, {"parameter": 3}, {"set": []}])
def test_what_is_no_argument_is_refused(data: Any) -> None:
    with pytest.raises(GraphError, match="is not an argument of a step"):
        binding_from_json(data)


def test_a_step_needs_its_producers_first_then_what_it_comes_after_each_once() -> None:
    inputs = (("x", OutputRef("b", "output")), ("y", Sequence("list", (OutputRef("a", "output"), OutputRef("b", "output")))))
    step = Step("c", "p.py:c", inputs, (Output("output"),), after=("a", "d"))

    assert step.producers == ("b", "a")
    assert step.needs == ("b", "a", "d")


def test_a_step_reads_each_parameter_once() -> None:
    step = Step("c", "p.py:c", (("x", ParameterRef("rows")), ("y", Table((("k", ParameterRef("rate")), ("l", ParameterRef("rows")))))))

    assert step.parameters == ("rows", "rate")
