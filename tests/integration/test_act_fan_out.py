"""Mapped steps in compiled workflows, under the real act: one job for each item, whatever their number."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.act import act_module
from support.local import run_module
from support.ran import Ran

from orch.model.runs import comparable_digests
from orch.orchestrators.local.explain import explain_recorded
from orch.orchestrators.local.home import Home

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


def test_as_many_jobs_as_items(tmp_path: Path) -> None:
    pipeline = """for name, count in {"none": 0, "one": 1, "three": 3}.items():
    total(double.map(numbers(count, id=f"{name}_made"), id=f"{name}_doubled"), id=name)"""
    ran = both_ways(tmp_path, pipeline)

    assert [ran.preview(name) for name in ("none", "one", "three")] == ["0", "0", "6"]
    legs = {name for name in ran.states if "." in name}
    assert legs == {"one_doubled.0", *(f"three_doubled.{leg}" for leg in range(3))}
    assert {leg: ran.output(leg) for leg in legs} == {leg: f"doubling {leg[-1]}\n" for leg in legs}


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


def test_only_legs_whose_results_no_earlier_run_has_are_run(tmp_path: Path) -> None:
    """Of a list that is known before, the plan starts their jobs alone; of one that has to be made, each job looks for itself."""
    (tmp_path / "orch.yaml").write_text("cache: plan\n")
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    pipeline = "total(double.map(numbers(n)))\ntotal(double.map(rates, id='rated'), id='other')"
    code = module(pipeline).replace("@pipeline", f'@pipeline(python="{version}")')
    first = act_module(tmp_path, code)
    second = act_module(tmp_path, code, given={"n": "4", "rates": "[7, 1, 2]"})
    third = act_module(tmp_path, code, given={"n": "4", "rates": "[7, 1, 2]"})

    assert set(first.states.values()) == {"succeeded"}
    ran = {step for step, state in second.states.items() if state == "succeeded" and "." in step}
    assert ran == {"double.3", "rated.0"}
    assert second.states | {"double": "succeeded", "total": "succeeded", "rated.1": "cached", "other": "succeeded"} == second.states
    assert {"+double.0", "+double.3", "+rated.0"} <= set(second.order)
    assert {"+rated.1", "+rated.2"}.isdisjoint(second.order)
    assert (second.preview("total"), second.preview("other")) == ("12", "20")
    assert [second[f"rated.{leg}"].cached_from for leg in (1, 2)] == [first.record.info.run] * 2
    home = Home.of_act(tmp_path)
    told = {step: explain_recorded(second.record, second[step], home) for step in ("double.0", "double.3", "rated.1")}
    assert [(each.state, each.cause) for each in told.values()] == [("cached", "hit"), ("succeeded", "first"), ("cached", "hit")]

    assert set(third.states.values()) == {"cached"}
    assert [order for order in third.order if order.startswith("+")] == []
    assert comparable_digests(third.record) == comparable_digests(second.record)

    alone = act_module(tmp_path, code, given={"n": "2"}, job="double")  # which runs, whatever is known
    assert alone.states == {"numbers": "succeeded", "double": "succeeded", "double.0": "succeeded", "double.1": "succeeded"}
    assert alone.preview("double") == "[0, 2]"
