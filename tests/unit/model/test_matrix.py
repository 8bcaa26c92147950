"""Every item is in exactly one job of a matrix, and what one job counts is what all others go by."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.errors import MapError, ParameterError
from orch.model import canonical
from orch.model.bindings import Binding, OutputRef, ParameterRef, Value
from orch.model.fans import Fan
from orch.model.matrix import (
    MOST_JOBS,
    PARAMETERS,
    counted,
    dealt_legs,
    items_of_job,
    jobs_for,
    per_job,
    read_tables,
    root_outputs,
    root_parameters,
    roots,
    table,
)
from orch.model.steps import Output, Step

OUTPUTS = (Output("output", "int"),)
LOAD, OTHER = (Step(name, f"p.py:{name}", outputs=OUTPUTS) for name in ("load", "other"))
XS, YS = OutputRef("load", "output"), OutputRef("other", "output")


def mapped(name: str, *over: Binding, product: bool = False, most: int | None = None) -> Step:
    names = tuple(f"x{number}" for number in range(len(over)))
    return Step(name, f"p.py:{name}", tuple(zip(names, over, strict=True)), OUTPUTS, fan=Fan(names, product, max_items=most))


def by_id(*steps: Step) -> dict[str, Step]:
    return {step.id: step for step in (LOAD, OTHER, *steps)}


@given(st.integers(0, 5000))
def test_the_jobs_of_a_matrix_have_all_items_once_and_in_order(count: int) -> None:
    jobs = [items_of_job(count, job) for job in range(jobs_for(count))]

    assert [item for job in jobs for item in job] == list(range(count))
    assert len(jobs) <= MOST_JOBS
    assert all(jobs)


@pytest.mark.parametrize(("count", "jobs", "each"), [(0, 0, 1), (1, 1, 1), (256, 256, 1), (257, 129, 2), (512, 256, 2), (1000, 250, 4)])
def test_above_256_items_a_job_has_several(count: int, jobs: int, each: int) -> None:
    assert (jobs_for(count), per_job(count)) == (jobs, each)


def test_what_has_to_be_known_is_told_by_what_stands_at_the_beginning() -> None:
    first = mapped("first", XS)
    second = mapped("second", OutputRef("first", "output"), Value([1]))
    third = mapped("third", OutputRef("second", "output"), YS, ParameterRef("rates"), product=True)
    steps = by_id(first, second, third)

    assert roots(steps, second) == ("load",)
    assert roots(steps, third) == ("load", "other", PARAMETERS)
    assert roots(steps, mapped("fixed", Value([1]))) == ()
    assert root_outputs(steps) == (XS, YS)
    assert root_parameters(steps) == ("rates",)


def test_one_job_counts_maps_of_maps() -> None:
    steps = by_id(mapped("first", XS), mapped("second", OutputRef("first", "output"), Value([1, 2]), product=True), mapped("far", XS, YS))

    assert table(steps, {"load.output": 3}) == {
        "load.output": 3,
        "first": {"items": 3, "sizes": [3], "each": 1, "jobs": "[0,1,2]"},
        "second": {"items": 6, "sizes": [3, 2], "each": 1, "jobs": "[0,1,2,3,4,5]"},
    }


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ({"load.output": 2, "other.output": 3}, "lists of different lengths: 'x0' has 2 items, 'x1' has 3 items"),
        ({"load.output": 0, "other.output": 3}, "lists of different lengths: 'x0' has 0 items, 'x1' has 3 items"),
        ({"load.output": None, "other.output": 0}, "the output 'load.output' is not a list"),
        ({"load.output": 9, "other.output": 9}, "maps over 9 items, more than its max_items of 8"),
    ],
)
def test_what_does_not_go_together_has_one_leg_that_says_so(lengths: dict[str, int | None], message: str) -> None:
    step = mapped("zipped", XS, YS, most=8)
    told = table(by_id(step), lengths)["zipped"]

    assert (told["items"], told["jobs"]) == (1, "[0]")
    with pytest.raises(MapError, match=message):
        dealt_legs(step, told["sizes"], ())


def test_what_was_counted_is_read_from_the_lines_of_several_jobs() -> None:
    step = mapped("first", XS)
    lines = "\n".join([canonical.dumps(table(by_id(step), {"load.output": 2})), "", '{"other.output":null}'])
    tables = read_tables(lines)

    assert tables["other.output"] is None
    assert counted(by_id(step), step, tables)["items"] == 2
    assert len(dealt_legs(step, tables["first"]["sizes"], ())) == 2


@pytest.mark.parametrize(
    "text", ["{", "[]", "3", '{"a": "x"}', '{"a": -1}', '{"a": true}', '{"a": {"items": 1}}', '{"a": {"sizes": 1, "items": 1}}']
)
def test_a_line_that_no_job_says_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="which no job says of its legs"):
        read_tables(text)


def test_what_nobody_has_counted_is_an_error_and_what_the_graph_says_needs_nobody() -> None:
    step = mapped("first", XS)

    with pytest.raises(MapError, match="nobody has told how many legs step 'first' has"):
        counted(by_id(step), step, {})
    assert json.loads(counted({}, mapped("fixed", Value([1, 2])), {})["jobs"]) == [0, 1]
