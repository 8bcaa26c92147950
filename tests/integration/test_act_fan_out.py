"""Mapped steps in compiled workflows, under the real act: one job for each item, whatever their number."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.act import act_module
from support.local import run_module
from support.ran import Ran

from orch.model.runs import comparable_digests

pytestmark = pytest.mark.act

STEPS = """
    from typing import Annotated
    from orch import pipeline, step, context, unmapped

    @step
    def numbers(n: int) -> list[int]:
        return list(range(n))

    @step
    def double(x: int, factor: int = 2) -> int:
        print("doubling", context().leg)
        return x * factor

    @step
    def both(x: int) -> tuple[Annotated[int, "half"], Annotated[int, "rest"]]:
        return divmod(x, 2)

    @step
    def total(xs: list[int]) -> int:
        return sum(xs)

    @step
    def text(xs: list[int], ys: list[int]) -> str:
        return f"{xs} {ys}"

    @step
    def odd(x: int) -> int:
        if x % 2:
            raise ValueError(f"{x} is odd")
        return x
"""


def module(pipeline: str) -> str:
    body = "".join(f"        {line}\n" for line in pipeline.splitlines())
    return f"{STEPS}\n    @pipeline\n    def p(n: int = 3, rates: list[int] = [1, 2]):\n{body}"


def both_ways(folder: Path, pipeline: str, **parameters: int) -> Ran:
    """Under act, where it has the same end as here."""
    ran = act_module(folder, module(pipeline), given={name: str(value) for name, value in parameters.items()})
    local = run_module(folder, module(pipeline), parameters=parameters, jobs=2)

    assert ran.states == local.states
    assert comparable_digests(ran.record) == comparable_digests(local.record)
    return ran


@pytest.mark.parametrize("count", [0, 1, 3])
def test_as_many_jobs_as_items(tmp_path: Path, count: int) -> None:
    ran = both_ways(tmp_path, "total(double.map(numbers(n)))", n=count)

    assert ran.preview("total") == str(count * (count - 1))
    assert [ran.output(f"double.{leg}") for leg in range(count)] == [f"doubling {leg}\n" for leg in range(count)]


def test_maps_of_maps_and_lists_that_are_written_down(tmp_path: Path) -> None:
    ran = both_ways(
        tmp_path,
        """first = double.map(numbers(n), id="first")
halves, rests = both.map(first)
text(halves, rests)
total(double.product(halves, [1, 10], id="crossed"))
total(double.map([], id="none"), id="nothing")""",
        n=3,
    )

    assert ran.preview("text") == "'[0, 1, 2] [0, 0, 0]'"
    assert ran.preview("total") == str(3 * 11)
    assert ran.preview("nothing") == "0"


def test_what_several_jobs_made_and_parameters_are_counted_together(tmp_path: Path) -> None:
    ran = both_ways(
        tmp_path,
        """a = numbers(n)
b = numbers(2, id="two")
total(double.product(a, b, id="search"))
total(double.map(rates, id="rated"), id="of_rates")
total(double.map(b, rates, id="zipped"), id="of_both")
total(double.product(numbers(0, id="no"), rates, id="never"), id="of_none")""",
        n=3,
    )

    assert [ran.preview(name) for name in ("total", "of_rates", "of_both", "of_none")] == ["3", "6", "2", "0"]


def test_one_mapped_step_runs_with_what_stands_before_it(tmp_path: Path) -> None:
    ran = act_module(tmp_path, module("total(double.map(numbers(n)))"), given={"n": "2"}, job="double")

    assert ran.states == {"numbers": "succeeded", "double": "succeeded", "double.0": "succeeded", "double.1": "succeeded"}
    assert ran.preview("double") == "[0, 2]"


def test_a_failed_leg_leaves_the_others_and_stops_what_reads_it(tmp_path: Path) -> None:
    ran = both_ways(tmp_path, "total(odd.map(numbers(n)))\ndouble(4)", n=4)

    assert [str(ran[f"odd.{leg}"].state) for leg in range(4)] == ["succeeded", "failed", "succeeded", "failed"]
    assert ran["odd"].failure is not None
    assert ran["odd"].failure.message == "2 of 4 legs failed: odd.1, odd.3"
    assert ran.states["total"] == "skipped"
    assert ran.record.state == "failed"


def test_what_cannot_be_mapped_over_fails_in_the_one_leg_that_says_why(tmp_path: Path) -> None:
    ran = both_ways(tmp_path, "total(double.map(numbers(2), numbers(n)))", n=3)

    assert ran["double.0"].failure is not None
    assert "lists of different lengths: 'x' has 2 items, 'factor' has 3 items" in ran["double.0"].failure.message


def test_of_more_items_than_a_matrix_has_jobs_each_job_gets_several(tmp_path: Path) -> None:
    """257 items: 129 jobs of two, the last of one."""
    ran = act_module(tmp_path, module("total(double.map(numbers(n)))"), given={"n": "257"})

    assert ran.preview("total") == str(257 * 256)
    assert sum(name.startswith("double.") for name in ran.states) == 257
    assert sum(order.startswith("+double.") for order in ran.order) == 129


@pytest.mark.parametrize("n", [0, 3])
def test_a_condition_is_that_of_the_whole_mapped_step(tmp_path: Path, n: int) -> None:
    """Nothing to map over is an empty list only where the step was wanted."""
    pipeline = """import orch
few = numbers(n)
with orch.when(total(few, id="count") > 0):
    doubled = double.map(few)
total(doubled, id="end")"""
    ran = both_ways(tmp_path, pipeline, n=n)

    assert ran.states["end"] == ("succeeded" if n else "skipped")


def test_a_list_that_an_earlier_run_made_is_mapped_over_without_its_job(tmp_path: Path) -> None:
    """The plan job says how many legs hang on it, and where its bytes lie."""
    (tmp_path / "orch.yaml").write_text("cache: plan\n")
    pipeline = "total(double.map(numbers(n)))\ntotal(double.map(rates, id='rated'), id='other')"
    first = act_module(tmp_path, module(pipeline))
    again = act_module(tmp_path, module(pipeline))
    second = act_module(tmp_path, module(pipeline).replace("return x * factor", "return x * factor + 1"))

    assert first.states | {"numbers": "succeeded", "total": "succeeded", "other": "succeeded"} == first.states
    assert again.states | {"numbers": "cached", "double.2": "succeeded", "total": "cached", "other": "cached"} == again.states
    assert second.states | {"numbers": "cached", "double.2": "succeeded", "rated.1": "succeeded"} == second.states
    assert (first.preview("total"), second.preview("total"), second.preview("other")) == ("6", "9", "8")
