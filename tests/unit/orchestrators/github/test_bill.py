"""The bill counts every job of a matrix, by what is known of its items, and says what that rests on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from orch.model.bindings import Binding, OutputRef, ParameterRef, Value
from orch.model.fans import Fan
from orch.model.graph import Graph
from orch.model.parameters import Kind, Parameter, ParameterType
from orch.model.settings import StepSettings
from orch.model.steps import Output, Step
from orch.orchestrators.github.bill import bill_of, bill_of_data, check_cost
from orch.orchestrators.github.changes import read_workflow
from orch.orchestrators.github.compile import compile_workflow, files
from orch.orchestrators.github.prices import default_seconds, machine_of
from orch.planning.cost import Basis, PlannedJob
from orch.stacks.settings import Runner, Settings

OUTPUTS = (Output("output", "list[int]"),)
XS = OutputRef("load", "output")


def mapped(name: str, *over: Binding, product: bool = False, most: int | None = None) -> Step:
    names = tuple(f"x{number}" for number in range(len(over)))
    return Step(name, f"p.py:{name}", tuple(zip(names, over, strict=True)), OUTPUTS, fan=Fan(names, product, None, most))


def graph_of(*steps: Step) -> Graph:
    rates = Parameter("rates", ParameterType(Kind.JSON, text="list[int]"), default=[1, 2])
    return Graph("p", "p.py:p", (Step("load", "p.py:load", outputs=OUTPUTS), *steps), (rates,))


def job_of(graph: Graph, seconds: Mapping[str, float], seen: Mapping[str, int], name: str = "train") -> PlannedJob:
    bill = bill_of(graph, compile_workflow(graph).jobs, Settings(), seconds, seen)
    return next(job for job in bill.jobs if job.id == name)


@pytest.mark.parametrize(
    ("binding", "seconds", "legs", "each"),
    [
        (Value([1, 2, 3]), {}, 3, default_seconds()),
        (Value([1, 2, 3]), {"train.0": 60.0, "train.1": 80.0, "train.2": 100.0, "train": 100.0}, 3, 80.0),
        (Value(list(range(514))), {"train.0": 7.0}, 172, 21.0),
        (XS, {}, 1, default_seconds()),
        (XS, {"train.0": 60.0, "train.4": 100.0, "other.9": 1.0}, 5, 80.0),
    ],
)
def test_a_matrix_costs_what_its_jobs_cost(binding: Binding, seconds: Mapping[str, float], legs: int, each: float) -> None:
    job = job_of(graph_of(mapped("train", binding)), seconds, {"train": 5} if seconds else {})

    assert (job.legs, job.seconds) == (legs, each)
    assert job.minutes % legs == 0


@pytest.mark.parametrize(
    ("step", "seen", "expected"),
    [
        (mapped("train", XS), 0, (1, Basis.NOTHING)),
        (mapped("train", XS), 7, (7, Basis.RUNS)),
        (mapped("train", XS, most=20), 0, (20, Basis.BOUND)),
        (mapped("train", XS, most=20), 7, (7, Basis.RUNS)),
        (mapped("train", XS, most=20), 70, (20, Basis.RUNS)),
        (mapped("train", ParameterRef("rates")), 0, (2, Basis.DEFAULT)),
        (mapped("train", ParameterRef("rates"), most=20), 0, (20, Basis.BOUND)),
        (mapped("train", ParameterRef("rates"), Value([1, 2, 3]), product=True), 0, (6, Basis.DEFAULT)),
        (mapped("train", ParameterRef("rates"), XS, product=True), 0, (1, Basis.NOTHING)),
        (mapped("train", XS, Value([1, 2, 3])), 7, (3, Basis.GRAPH)),
    ],
)
def test_what_only_the_run_finds_is_counted_by_what_is_known_of_it(step: Step, seen: int, expected: tuple[int, Basis]) -> None:
    job = job_of(graph_of(step), {}, {"train": seen} if seen else {})

    assert (job.items, job.basis) == expected


def test_a_map_of_a_map_has_as_many_items_as_the_first() -> None:
    graph = graph_of(mapped("train", XS, most=4), mapped("score", OutputRef("train", "output"), Value([1, 2]), product=True))
    job = job_of(graph, {}, {}, "score")

    assert (job.items, job.legs, job.basis) == (8, 8, Basis.BOUND)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (mapped("train", XS), "max_cost is set in orch.yaml, and nobody knows how many items step 'train' maps over"),
        (mapped("train", XS, most=300), "costs about $1.808 with 300 items of 'train', more than the max_cost of $0.050 in orch.yaml"),
        (mapped("train", ParameterRef("rates")), ""),
    ],
)
def test_a_check_of_the_cost_takes_no_map_for_one_job(step: Step, told: str) -> None:
    graph = graph_of(step)
    found = list(check_cost(graph, compile_workflow(graph, Settings(cache="off")).jobs, Settings(max_cost=0.05, cache="off"), "p.py"))

    assert [told in error.message for error in found] == ([True] if told else [])
    assert all("orch plan" in error.hint or "@step(max_items=20)" in error.hint for error in found)


# --- a workflow as it stands in a file ---


def test_the_bill_of_files_is_that_of_the_pipeline() -> None:
    steps = [Step(name, f"p.py:{name}", outputs=OUTPUTS, settings=StepSettings(pack="data")) for name in ("a", "b")]
    steps[1] = replace(steps[1], inputs=(("x", OutputRef("a", "output")),))
    steps.append(Step("load", "p.py:load", (("x", OutputRef("b", "output")),), OUTPUTS))
    graph = Graph("p", "p.py:p", (*steps, mapped("train", XS, most=300)), packs=(("a", "b"),))
    written = files(graph)
    data = read_workflow(written[".github/workflows/p.yml"])["jobs"]
    read = Graph.from_json(json.loads(written[".github/orch/p.json"]))

    assert bill_of_data(read, data, Settings()) == bill_of(graph, compile_workflow(graph).jobs, Settings(), {})


def test_a_runner_that_is_written_by_hand_is_the_one_that_is_paid() -> None:
    step = Step("train", "p.py:train", settings=StepSettings(github={"runs-on": "macos-15"}))

    assert job_of(graph_of(step), {}, {}).machine.price == 0.062


@pytest.mark.parametrize(
    ("runs_on", "price"),
    [
        ("ubuntu-24.04", 0.006),
        (["self-hosted", "box"], 0.5),
        (["self-hosted", "ubuntu-24.04"], None),
        ({"group": "big", "labels": ["box"]}, 0.5),
        ({"group": "big"}, None),
        ("${{ matrix.os }}", None),
    ],
)
def test_the_price_of_a_runner_is_that_of_its_labels(runs_on: object, price: float | None) -> None:
    assert machine_of(runs_on, Settings(runners=(Runner("box", price_per_minute=0.5),))).price == price
