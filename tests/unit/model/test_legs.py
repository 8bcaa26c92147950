"""What the legs of a mapped step are follows from the lengths of what it maps over, and from nothing else."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.errors import GraphError, MapError
from orch.model.bindings import Binding, Item, OutputRef, ParameterRef, Sequence, Value
from orch.model.fan import index_of, leg_id, step_of
from orch.model.fans import Fan
from orch.model.graph import Graph
from orch.model.legs import legs_of
from orch.model.steps import Output, Step


def mapped(fan: Fan, **inputs: Binding) -> Step:
    return Step("train", "p.py:train", tuple(inputs.items()), (Output("output", "int"),), fan=fan)


def unknown(_: object) -> int | None:
    raise AssertionError("everything is known")


def test_side_by_side_a_leg_gets_the_items_of_one_place() -> None:
    step = mapped(Fan(("x", "y")), x=Value([1, 2]), y=Value(["a", "b"]), z=Value([3]))
    first, second = legs_of(step, unknown)

    assert (first.id, second.id) == ("train.0", "train.1")
    assert first.inputs == (("x", Value(1)), ("y", Value("a")), ("z", Value([3])))
    assert second.inputs == (("x", Value(2)), ("y", Value("b")), ("z", Value([3])))
    assert first.fan is None
    assert first.outputs == step.outputs


@given(st.lists(st.lists(st.integers(), max_size=4), min_size=1, max_size=3))
def test_a_product_is_that_of_itertools(lists: list[list[int]]) -> None:
    names = [f"x{number}" for number in range(len(lists))]
    step = mapped(Fan(tuple(names), product=True), **{name: Value(items) for name, items in zip(names, lists, strict=True)})
    legs = legs_of(step, unknown)

    assert [tuple(binding for _, binding in leg.inputs) for leg in legs] == [tuple(map(Value, each)) for each in itertools.product(*lists)]


def test_an_item_of_a_list_that_is_not_written_down_is_told_by_its_place() -> None:
    step = mapped(
        Fan(("x", "y", "z")), x=OutputRef("load", "rows"), y=ParameterRef("rates"), z=Sequence("list", (Value(1), OutputRef("a", "o")))
    )
    _, second = legs_of(step, lambda _: 2)

    assert second.inputs == (("x", Item(OutputRef("load", "rows"), 1)), ("y", Item(ParameterRef("rates"), 1)), ("z", OutputRef("a", "o")))


def test_an_item_of_what_another_mapped_step_made_is_the_output_of_its_leg() -> None:
    step = mapped(Fan(("x",)), x=OutputRef("load", "output"))
    (leg,) = legs_of(step, lambda _: 1, frozenset({"load"}))

    assert leg.inputs == (("x", OutputRef("load.0", "output")),)


@pytest.mark.parametrize("sizes", [(2, 3), (0, 1), (1, 0)])
def test_lists_side_by_side_have_one_length(sizes: tuple[int, int]) -> None:
    step = mapped(Fan(("x", "y")), x=ParameterRef("a"), y=ParameterRef("b"))

    with pytest.raises(MapError, match="lists of different lengths: 'x' has"):
        legs_of(step, lambda ref: sizes["ab".index(ref.name)] if isinstance(ref, ParameterRef) else None)


def test_there_are_no_more_legs_than_there_may_be() -> None:
    step = mapped(Fan(("x",), max_items=3), x=OutputRef("load", "output"))

    assert len(legs_of(step, lambda _: 3)) == 3
    with pytest.raises(MapError, match="step 'train' maps over 4 items, more than its max_items of 3"):
        legs_of(step, lambda _: 4)


def test_what_is_no_list_has_no_legs() -> None:
    with pytest.raises(MapError, match=r"maps over 'x', but the output 'load.output' is not a list"):
        legs_of(mapped(Fan(("x",)), x=OutputRef("load", "output")), lambda _: None)


def test_nothing_to_map_over_is_no_leg() -> None:
    assert list(legs_of(mapped(Fan(("x",)), x=Value([])), unknown)) == []


@pytest.mark.parametrize(
    ("fan", "inputs", "message"),
    [
        (Fan(("y",)), {"x": Value([])}, "maps over 'y', which is not one of its inputs"),
        (Fan(("x",)), {"x": Value(3)}, "maps over 'x', which is not a list"),
        (Fan(("x", "y")), {"x": Value([1]), "y": Value([])}, "'x' has 1 item, 'y' has 0 items"),
        (Fan(("x",), max_items=2), {"x": Value([1, 2, 3])}, "maps over 3 items, more than its max_items of 2"),
        (Fan(("x", "y"), True, max_items=3), {"x": Value([1, 2]), "y": Value([1, 2])}, "maps over 4 items, more than its max_items of 3"),
    ],
)
def test_a_graph_has_no_step_that_could_never_be_mapped(fan: Fan, inputs: dict[str, Binding], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        Graph("p", "p.py:p", (mapped(fan, **inputs),))


@pytest.mark.parametrize("over", [(), ("x", "x")])
def test_a_fan_is_over_one_or_more_inputs(over: tuple[str, ...]) -> None:
    with pytest.raises(GraphError, match="expected the names"):
        Fan(over)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"over": "x"},
        {"over": ["x"], "max_parallel": 0},
        {"over": ["x"], "max_items": 0},
        {"over": ["x"], "product": 1},
        {"over": ["x"], "depth": 2},
    ],
)
def test_a_fan_that_is_none_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(GraphError):
        Fan.from_json(data)


def test_the_name_of_a_leg_tells_its_step_and_its_place() -> None:
    name = leg_id("train", 12)

    assert (name, step_of(name), index_of(name)) == ("train.12", "train", 12)
    assert (step_of("train"), index_of("train")) == ("train", None)


@pytest.mark.parametrize("name", ["train.x", "train.", "train.01", "train.-1", "train.1.2", "train.٣", "train.9999999999", "../train.x"])
def test_what_no_leg_is_called_is_none(name: str) -> None:
    assert (step_of(name), index_of(name)) == (name, None)
