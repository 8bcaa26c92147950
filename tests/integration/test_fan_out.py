"""Mapped steps with real worker processes: how many legs there are, what they get, and every way in which they can end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.local import run_module
from support.ran import Ran

from orch.errors import MapError
from orch.orchestrators.local.parts import part_of

STEPS = """
    from orch import unmapped, log_metadata

    @step
    def numbers(n: int) -> list[int]:
        return list(range(n))

    @step
    def double(x: int, factor: int = 2) -> int:
        return x * factor

    @step
    def both(x: int) -> tuple[Annotated[int, "half"], Annotated[int, "rest"]]:
        return divmod(x, 2)

    @step
    def total(xs: list[int]) -> int:
        assert type(xs) is list
        return sum(xs)

    @step
    def text(xs: list[int], ys: list[int]) -> str:
        return f"{xs} {ys}"
"""


def ran(folder: Path, pipeline: str, *, steps: str = STEPS, jobs: int = 2, **options: object) -> Ran:
    body = "".join(f"        {line}\n" for line in pipeline.splitlines())
    code = f"    from typing import Annotated\n{steps}\n    @pipeline\n    def p(n: int = 3, rates: list[int] = [1, 2]):\n{body}"
    return run_module(folder, code, jobs=jobs, **options)  # type: ignore[arg-type]


def legs(ran: Ran, step: str) -> list[str]:
    return [str(record.state) for record in ran.record.steps if record.step.startswith(f"{step}.")]


@pytest.mark.parametrize("count", [0, 1, 2, 256, 257, 1000])
def test_as_many_legs_as_items_and_a_list_in_their_order(tmp_path: Path, count: int) -> None:
    done = ran(tmp_path, "total(double.map(numbers(n)))", parameters={"n": count})

    assert done.states["total"] == "succeeded"
    assert done.preview("total") == str(count * (count - 1))
    assert legs(done, "double") == ["succeeded"] * count
    assert done["double"].outputs["output"].length == count
    assert done["double"].state == "succeeded"
    assert [record.step for record in done.record.steps][:2] == ["numbers", "double"]


def test_lists_that_are_written_down_or_given_as_parameters_are_mapped_over(tmp_path: Path) -> None:
    done = ran(tmp_path, "text(double.map([5, 6], factor=rates), double.product([1, 2], unmapped(3)))", parameters={"rates": [1, 10]})

    assert done.preview("text") == "'[5, 60] [3, 6]'"


def test_a_product_is_every_combination_the_last_list_turning_fastest(tmp_path: Path) -> None:
    done = ran(tmp_path, "a = numbers(2)\nb = numbers(3)\ntotal(double.product(a, b))\ndouble.product(b, [])")

    assert [done.preview(f"double.{leg}") for leg in range(6)] == ["0", "0", "0", "0", "1", "2"]
    assert done.preview("double_2") == "[]"


def test_several_outputs_are_as_many_lists(tmp_path: Path) -> None:
    done = ran(tmp_path, "halves, rests = both.map([5, 6, 7])\ntext(halves, rests)")

    assert done.preview("text") == "'[2, 3, 3] [1, 0, 1]'"


def test_maps_of_maps_go_leg_by_leg(tmp_path: Path) -> None:
    done = ran(tmp_path, "first = double.map(numbers(4))\nagain = double.map(first)\ntext(double.product(again, [1, 2]), first)")

    assert done.preview("text") == "'[0, 0, 4, 8, 8, 16, 12, 24] [0, 2, 4, 6]'"
    assert done["double_2.3"].inputs == {"double.3.output": {"digest": done["double.3"].outputs["output"].digest}}


def test_items_of_any_type_come_one_by_one(tmp_path: Path) -> None:
    steps = (
        STEPS
        + """
    from dataclasses import dataclass
    from pathlib import Path

    @dataclass
    class Point:
        x: int
        where: Path

    @step
    def points() -> list[Point]:
        found = []
        for x in range(3):
            file = context().temp / f"{x}.txt"
            file.write_text(str(x))
            found.append(Point(x, file))
        return found

    @step
    def show(point: Point) -> Path:
        file = context().temp / f"shown-{context().leg}.txt"
        file.write_text(f"{type(point).__name__} {point.x} {point.where.read_text()}")
        return file

    @step
    def read(files: list[Path]) -> list[str]:
        return [file.read_text() for file in files]
    """
    )
    done = ran(tmp_path, "read(show.map(points()))\nshow.map(points())", steps=steps)

    assert done.preview("read") == "['Point 0 0', 'Point 1 1', 'Point 2 2']"
    assert sorted(path.relative_to(done.folder).as_posix() for path in (done.folder / "outputs").glob("*/*/*")) == [
        f"outputs/show_2.{leg}/output/shown-{leg}.txt" for leg in range(3)
    ]


def test_a_list_may_be_crossed_with_itself_and_be_read_whole_by_each_leg(tmp_path: Path) -> None:
    steps = (
        STEPS
        + """
    @step
    def pairs() -> list[tuple[int, ...]]:
        return [(1,), (2, 3)]

    @step
    def show(x: tuple[int, ...], y: tuple[int, ...], all: list[tuple[int, ...]]) -> str:
        return f"{x} {y} {len(all)}"

    @step
    def joined(texts: list[str]) -> str:
        return "; ".join(texts)
    """
    )
    done = ran(tmp_path, "xs = pairs()\njoined(show.product(xs, xs, unmapped(xs)))", steps=steps)

    assert done.preview("joined") == "'(1,) (1,) 2; (1,) (2, 3) 2; (2, 3) (1,) 2; (2, 3) (2, 3) 2'"


def test_a_leg_knows_its_place_and_has_a_log_of_its_own(tmp_path: Path) -> None:
    steps = (
        STEPS
        + """
    @step
    def tell(x: int) -> None:
        log_metadata(leg=context().leg)
        print(context().step, context().leg, x)
    """
    )
    done = ran(tmp_path, "tell.map([7, 8])\ndouble(1)", steps=steps)

    assert (done.folder / "logs" / "tell.1.log").read_text() == "tell 1 8\n"
    assert [done[f"tell.{leg}"].metadata for leg in range(2)] == [{"leg": 0}, {"leg": 1}]
    assert done["tell"].outputs == {}


def test_at_most_as_many_legs_at_a_time_as_was_said(tmp_path: Path) -> None:
    done = ran(tmp_path, "double.with_options(max_parallel=1).map(numbers(5))", jobs=3)
    order = [each for each in done.order if "." in each]

    assert order == [f"{sign}double.{leg}" for leg in range(5) for sign in "+-"]


# --- caching ---


def test_a_second_run_runs_no_leg_again(tmp_path: Path) -> None:
    pipeline = "total(double.map(numbers(3)))"
    ran(tmp_path, pipeline)
    done = ran(tmp_path, pipeline)

    assert set(done.states.values()) == {"cached"}
    assert done["double"].reason == "all 3 legs are cached"
    assert done["double"].cached_from


@pytest.mark.parametrize("made", ["numbers(n)", "list_of(n)"])
def test_an_item_that_is_added_before_others_runs_none_of_them_again(tmp_path: Path, made: str) -> None:
    steps = (
        STEPS
        + """
    @step
    def list_of(n: int) -> list[dict[str, int]]:
        return [{"value": number} for number in reversed(range(n))]

    @step
    def value(x: dict[str, int] | int) -> int:
        return x["value"] if isinstance(x, dict) else x
    """
    )
    ran(tmp_path, f"total(value.map({made}))", steps=steps, parameters={"n": 3})
    done = ran(tmp_path, f"total(value.map({made}))", steps=steps, parameters={"n": 4})

    assert sorted(legs(done, "value")) == ["cached", "cached", "cached", "succeeded"]
    assert done["value"].reason == "3 of 4 legs are cached"
    assert done.preview("total") == "6"


def test_a_list_that_is_written_down_and_one_that_a_step_made_have_the_same_legs(tmp_path: Path) -> None:
    ran(tmp_path, "double.map([0, 1, 2])")
    done = ran(tmp_path, "double.map(numbers(3))")

    assert legs(done, "double") == ["cached"] * 3


def test_a_leg_whose_result_is_damaged_runs_again_alone(tmp_path: Path) -> None:
    first = ran(tmp_path, "total(double.map([11, 22, 33]))")
    digest = first["double.1"].outputs["output"].digest.partition(":")[2]
    (found,) = (
        (tmp_path / ".orch" / "store").rglob(digest[2:])
        if not list((tmp_path / ".orch" / "store").rglob(digest))
        else (tmp_path / ".orch" / "store").rglob(digest)
    )
    found.chmod(0o644)
    found.write_text("99")
    (tmp_path / "pipeline.py").write_text("")
    done = ran(tmp_path, "total(double.map([11, 22, 33]))", steps=STEPS.replace("return sum(xs)", "return sum(xs) + 0"))

    assert done.preview("total") == "132"
    assert legs(done, "double") == ["cached", "succeeded", "cached"]


def test_a_part_reads_leg_by_leg_what_an_earlier_run_mapped(tmp_path: Path) -> None:
    pipeline = "total(double.map(double.map(numbers(3))))"
    ran(tmp_path, pipeline)
    done = ran(tmp_path, pipeline, part=lambda graph: part_of(graph, ["double_2"]))

    assert done.states == {"double": "cached", "double_2": "succeeded", **{f"double_2.{leg}": "succeeded" for leg in range(3)}}
    assert done.preview("double_2") == "[0, 4, 8]"


@pytest.mark.parametrize(("n", "wanted", "total"), [(3, "succeeded", "succeeded"), (0, "skipped", "skipped")])
def test_a_condition_is_that_of_the_whole_mapped_step(tmp_path: Path, n: int, wanted: str, total: str) -> None:
    pipeline = """import orch
xs = numbers(4)
with orch.when(total(numbers(n, id="few"), id="count") > 0):
    doubled = double.map(xs)
total(doubled, id="end")"""
    done = ran(tmp_path, pipeline, parameters={"n": n})

    assert (done.states["double"], done.states["end"]) == (wanted, total)
    assert legs(done, "double") == ["succeeded"] * (4 if n else 0)


# --- failures ---

FAILING = (
    STEPS
    + """
    def told(error) -> None:
        print("hook of", context().step, context().leg, error.failure.message)

    @step(on_failure=told)
    def odd(x: int) -> int:
        if x % 2:
            raise ValueError(f"{x} is odd")
        return x
"""
)


def test_a_failed_leg_fails_the_step_and_what_reads_it_and_leaves_the_other_legs(tmp_path: Path) -> None:
    done = ran(tmp_path, "total(odd.map(numbers(5)))", steps=FAILING)

    assert done.states | {"total": "skipped", "odd": "failed", "odd.0": "succeeded", "odd.1": "failed", "odd.4": "succeeded"} == done.states
    assert done["odd"].failure is not None
    assert done["odd"].failure.message == "2 of 5 legs failed: odd.1, odd.3"
    assert done["total"].reason == "odd failed"
    assert done.record.state == "failed"
    assert done.output("odd.3") == "hook of odd 3 3 is odd\n"
    assert done.output("odd.2") == ""

    again = ran(tmp_path, "total(odd.map(numbers(5)))", steps=FAILING)
    assert legs(again, "odd") == ["cached", "failed", "cached", "failed", "cached"]


@pytest.mark.parametrize("mode", ["stop_on_failure", "fail_fast"])
def test_the_execution_mode_ends_the_other_legs(tmp_path: Path, mode: str) -> None:
    code = (
        FAILING
        + f"""
    @pipeline(execution_mode="{mode}")
    def p():
        total(odd.map([1, *range(100)]))
        double(5, after="odd")
    """
    )
    done = run_module(tmp_path, "    from typing import Annotated\n" + code, jobs=1)

    assert done.states["odd"] == "failed"
    assert done.states["total"] == done.states["double"] == "skipped"
    assert legs(done, "odd") == ["failed"] + ["skipped"] * 100
    assert done["odd.7"].reason == f"not started, because odd.0 failed and the execution mode is {mode}"


def test_each_leg_is_tried_again_and_has_its_own_time(tmp_path: Path) -> None:
    steps = (
        STEPS
        + """
    import time
    from orch import StepRetryConfig

    @step(retry=StepRetryConfig(max_retries=1, delay=0))
    def flaky(x: int) -> int:
        if x == 1 and context().tries == 1:
            raise ValueError("the first time")
        return x

    @step(timeout=0.3)
    def slow(x: int) -> int:
        time.sleep(60 if x == 1 else 0)
        return x
    """
    )
    done = ran(tmp_path, "total(flaky.map([0, 1, 2]))\nslow.map([0, 1])", steps=steps)

    assert done.preview("total") == "3"
    assert [done[f"flaky.{leg}"].tries for leg in range(3)] == [1, 2, 1]
    assert legs(done, "slow") == ["succeeded", "failed"]


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        ("total(double.map(number()))", "step 'double' maps over 'x', but the output 'number.output' is not a list"),
        ("double.map(numbers(2), numbers(3))", "lists of different lengths: 'x' has 2 items, 'factor' has 3 items"),
        ("double.map(numbers(0), [1])", "lists of different lengths: 'x' has 0 items, 'factor' has 1 item"),
    ],
)
def test_what_only_the_run_can_tell_to_be_no_list_fails_there(tmp_path: Path, pipeline: str, message: str) -> None:
    steps = STEPS + "\n    from typing import Any\n\n    @step\n    def number() -> Any: return 3\n"
    done = ran(tmp_path, pipeline, steps=steps)

    assert done.states["double"] == "failed"
    assert done["double.0"].failure is not None
    assert message in done["double.0"].failure.message
    assert done.states.get("total", "skipped") == "skipped"


def test_an_exception_in_the_pipeline_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(MapError, match="which is not a list"):
        ran(tmp_path, "double.map(5)")


# --- the records ---


def test_the_record_on_disk_has_the_step_and_its_legs_in_order(tmp_path: Path) -> None:
    done = ran(tmp_path, "total(double.map(numbers(12)))", jobs=2)
    document = json.loads((done.folder / "run.json").read_text())

    assert [step["id"] for step in document["steps"]] == ["numbers", "double", *(f"double.{leg}" for leg in range(12)), "total"]
    assert document["steps"][1]["outputs"]["output"]["length"] == 12
    assert document == done.record.to_json()
