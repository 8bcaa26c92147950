"""`step.map` and `step.product` while a pipeline is built, and outside of one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from support.modules import graph_of, problems_of

from orch import step, unmapped
from orch.errors import MapError, OrchError
from orch.model.bindings import Item, OutputRef, ParameterRef, Sequence, Value
from orch.model.fans import Fan
from orch.model.graph import Graph

STEPS = """
    from typing import Annotated, Any
    from orch import unmapped

    @step
    def load(rows: int) -> list[int]: ...

    @step
    def pairs() -> tuple[Annotated[list[int], "xs"], Annotated[list[str], "names"]]: ...

    @step(max_parallel=2)
    def train(x: int, rate: float = 0.1) -> float: ...

    @step
    def fit(x: int) -> tuple[Annotated[int, "model"], Annotated[float, "accuracy"]]: ...

    @step
    def best(models: list[int], accuracies: list[float]) -> int: ...

    @step
    def mean(xs: list[float]) -> float: ...

    @step
    def tell(x: int) -> None: ...

    @step
    def anything() -> Any: ...

    @pipeline
    def p(rows: int = 3, rates: list[float] = [0.1]):
"""


def built(folder: Path, *lines: str) -> Graph:
    return graph_of(folder, STEPS + "".join(f"        {line}\n" for line in lines))


def problem(folder: Path, *lines: str) -> OrchError:
    (found,) = problems_of(folder, STEPS + "".join(f"        {line}\n" for line in lines))
    return found


def test_a_list_that_is_written_down_is_mapped_over(tmp_path: Path) -> None:
    graph = built(tmp_path, "train.map([1, 2, 3])", "train.map(range(2))", "train.map((4, 5))", "train.map([])")

    assert [dict(each.inputs)["x"] for each in graph.steps] == [Value([1, 2, 3]), Value([0, 1]), Value([4, 5]), Value([])]
    assert graph["train"].fan == Fan(("x",), max_parallel=2)


def test_what_all_legs_share_is_unmapped_or_left_at_its_default(tmp_path: Path) -> None:
    graph = built(tmp_path, "train.map([1, 2], rate=unmapped(0.5))", "best.map(unmapped([1]), [[0.1], [0.2]])")

    assert graph["train"].inputs == (("x", Value([1, 2])), ("rate", Value(0.5)))
    assert graph["train"].fan == Fan(("x",), max_parallel=2)
    assert graph["best"].inputs == (("models", Value([1])), ("accuracies", Value([[0.1], [0.2]])))
    assert graph["best"].fan == Fan(("accuracies",))


def test_outputs_and_parameters_that_are_lists_are_mapped_over(tmp_path: Path) -> None:
    graph = built(tmp_path, "train.map(load(rows), rates)", "train.product(x=[1, 2], rate=rates)")

    assert graph["train"].inputs == (("x", OutputRef("load", "output")), ("rate", ParameterRef("rates")))
    assert graph["train"].fan == Fan(("x", "rate"), max_parallel=2)
    assert graph["train_2"].fan == Fan(("x", "rate"), product=True, max_parallel=2)


def test_a_list_may_hold_outputs_of_other_steps(tmp_path: Path) -> None:
    graph = built(tmp_path, "a = fit(1)", "b = fit(2)", "tell.map([a[0], b[0]])")

    assert graph["tell"].inputs == (("x", Sequence("list", (OutputRef("fit", "model"), OutputRef("fit_2", "model")))),)


def test_the_output_of_a_mapped_step_is_a_list_for_who_takes_it_and_for_another_map(tmp_path: Path) -> None:
    graph = built(tmp_path, "scores = train.map(load(rows))", "mean(scores)", "mean(train.map(load(2)))")

    assert graph["mean"].inputs == (("xs", OutputRef("train", "output")),)
    assert graph["mean"].fan is None


def test_maps_of_maps(tmp_path: Path) -> None:
    graph = built(tmp_path, "models, _ = fit.map(load(rows))", "again = fit.map(models)", "tell.product(again[0])")

    assert dict(graph["fit_2"].inputs)["x"] == OutputRef("fit", "model")
    assert dict(graph["tell"].inputs)["x"] == OutputRef("fit_2", "model")
    assert graph.mapped == {"fit", "fit_2", "tell"}


def test_several_outputs_are_as_many_lists(tmp_path: Path) -> None:
    graph = built(tmp_path, "models, accuracies = fit.map([1, 2])", "best(models, accuracies)")

    assert [binding for _, binding in graph["best"].inputs] == [OutputRef("fit", "model"), OutputRef("fit", "accuracy")]


def test_a_mapped_step_has_an_id_options_and_what_it_comes_after(tmp_path: Path) -> None:
    graph = built(
        tmp_path, "load(1)", "train.with_options(max_parallel=7).map([1], id='search', after='load')", "train.map([1], after=['search'])"
    )

    assert graph["search"].fan == Fan(("x",), max_parallel=7)
    assert graph["search"].after == ("load",)
    assert graph["train"].after == ("search",)


def test_a_graph_with_mapped_steps_is_read_back(tmp_path: Path) -> None:
    graph = built(tmp_path, "tell.map(fit.product(load(rows))[0], after='load')")

    assert Graph.from_json(graph.to_json()) == graph
    assert not any(isinstance(binding, Item) for each in graph.steps for _, binding in each.inputs)


@pytest.mark.parametrize(
    ("line", "code", "message", "hint"),
    [
        ("train.map(3)", "map", "argument 'x' of step 'train' is mapped over 3, which is not a list", "unmapped"),
        ("train.map('abc')", "map", "is mapped over 'abc', which is not a list", "unmapped"),
        ("train.map({1: 2})", "map", "is mapped over {1: 2}, which is not a list", "unmapped"),
        ("train.map(x for x in [1])", "map", "argument 'x' of step 'train' is mapped over a generator, which is not a list", "unmapped"),
        ("train.map([1], 0.5)", "map", "argument 'rate' of step 'train' is mapped over 0.5", "unmapped"),
        ("train.map([1, 2], [0.1])", "map", "lists of different lengths: 'x' has 2 items, 'rate' has 1 item", ".product"),
        ("train.map()", "argument", "missing a required argument: 'x'", ""),
        ("train.map([1], [2], [3])", "argument", "too many positional arguments", ""),
        ("train.map(unmapped(1))", "map", "step 'train' is mapped over nothing", ".map"),
        ("train.product(unmapped(1))", "map", "step 'train' is mapped over nothing", ".product"),
        ("train(unmapped(1))", "map", "argument 'x' of step 'train' is unmapped(1)", "pass 1 itself"),
        ("train.map(rows)", "map", "mapped over parameter 'rows', which is int and not a list", "list[...]"),
        ("tell.map(best([1], [0.1]))", "map", "mapped over output 'output' of step 'best', which is int and not a list", "list[...]"),
        ("train.map(['a'])", "argument", "argument 'x' of step 'train' is int, but item 0 of its list is 'a'", ""),
        ("train.map(pairs()[1])", "argument", "is int, but an item of output 'names' of step 'pairs' is str", ""),
        ("train.map([1], unmapped('a'))", "argument", "argument 'rate' of step 'train' is 'a', expected float", ""),
        ("train(train.map([1]))", "argument", "is int, but output 'output' of step 'train' is list[float]", ""),
        ("mean.map(train.map([1]))", "argument", "is list[float], but an item of output 'output' of step 'train' is float", ""),
        ("train.map([print])", "argument", "is int, but item 0 of its list is <built-in function print>", ""),
        ("train.map(tell.map([1]))", "argument", "is what step 'tell' returns, and that is nothing", ""),
        ("train.with_options(max_parallel=0).map([1])", "argument", "max_parallel is 0, expected a whole number from 1", ""),
        ("train.with_options(max_items=0).map([1])", "argument", "max_items is 0, expected a whole number from 1", ""),
        ("train.with_options(max_items=2).map([1, 2, 3])", "graph", "maps over 3 items, more than its max_items of 2", "raise max_items"),
        ("train.with_options(max_parallel=True)(1)", "argument", "max_parallel is True, expected", ""),
        ("for x in load(1): train(x)", "value-not-known-yet", "iterated or unpacked", "other.map(...)"),
        ("for x in train.map([1]): tell(x)", "value-not-known-yet", "iterated or unpacked", "other.map(...)"),
        ("best(*train.map([1]))", "value-not-known-yet", "iterated or unpacked", "other.map(...)"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, line: str, code: str, message: str, hint: str) -> None:
    error = problems_of(tmp_path, STEPS + f"        {line}\n")[0]

    assert error.code == code
    assert message in error.message
    assert hint in error.hint
    assert error.where is not None
    assert error.where.line == 33


def test_what_is_not_said_to_be_a_list_may_be_one(tmp_path: Path) -> None:
    assert built(tmp_path, "train.map(anything())")["train"].fan == Fan(("x",), max_parallel=2)


# --- outside of a pipeline ---


@step
def double(x: int, factor: int = 2) -> int:
    return x * factor


@step
def both(x: int) -> tuple[Annotated[int, "half"], Annotated[int, "rest"]]:
    return divmod(x, 2)


def test_outside_of_a_pipeline_map_is_a_list_of_results() -> None:
    assert double.map([1, 2, 3]) == [2, 4, 6]
    assert double.map(x=[1, 2], factor=[3, 4]) == [3, 8]
    assert double.product([1, 2], [3, 4]) == [3, 4, 6, 8]
    assert double.map([1, 2], unmapped(5)) == [5, 10]
    assert double.map([]) == []
    assert both.map([3, 4]) == ([1, 2], [1, 0])
    assert both.map([]) == ([], [])


def test_outside_of_a_pipeline_a_mistake_is_the_same_error() -> None:
    with pytest.raises(MapError, match="different lengths"):
        double.map([1, 2], [3])
    with pytest.raises(MapError, match="is mapped over 3, which is not a list"):
        double.map(3)
    with pytest.raises(MapError, match="mapped over nothing"):
        double.map(unmapped(3))


def test_what_is_unmapped_shows_its_value() -> None:
    assert repr(unmapped([1])) == "unmapped([1])"
