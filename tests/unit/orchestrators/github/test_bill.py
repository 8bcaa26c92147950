"""The bill counts every job of a matrix."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from orch.model.bindings import Binding, OutputRef, Value
from orch.model.fans import Fan
from orch.model.graph import Graph
from orch.model.steps import Output, Step
from orch.orchestrators.github.bill import bill_of
from orch.orchestrators.github.compile import compile_workflow
from orch.orchestrators.github.prices import default_seconds
from orch.planning.cost import PlannedJob
from orch.stacks.settings import Settings


def job_of(binding: Binding, seconds: Mapping[str, float]) -> PlannedJob:
    """The jobs of a step that is mapped over `binding`."""
    outputs = (Output("output", "list[int]"),)
    steps = (Step("load", "p.py:load", outputs=outputs), Step("train", "p.py:train", (("x", binding),), outputs, fan=Fan(("x",))))
    graph = Graph("p", "p.py:p", steps)
    bill = bill_of(graph, compile_workflow(graph).jobs, Settings(), seconds)
    return next(job for job in bill.jobs if job.id == "train")


@pytest.mark.parametrize(
    ("binding", "seconds", "legs", "each"),
    [
        (Value([1, 2, 3]), {}, 3, default_seconds()),
        (Value([1, 2, 3]), {"train.0": 60.0, "train.1": 80.0, "train.2": 100.0, "train": 100.0}, 3, 80.0),
        (Value(list(range(514))), {"train.0": 7.0}, 172, 21.0),
        (OutputRef("load", "output"), {}, 1, default_seconds()),
        (OutputRef("load", "output"), {"train.0": 60.0, "train.4": 100.0, "other.9": 1.0}, 5, 80.0),
    ],
)
def test_a_matrix_costs_what_its_jobs_cost(binding: Binding, seconds: Mapping[str, float], legs: int, each: float) -> None:
    job = job_of(binding, seconds)

    assert (job.legs, job.seconds) == (legs, each)
    assert job.minutes % legs == 0
