"""Conditions as people write them: what goes into the graph, and which mistakes are named."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from support.modules import graph_of, problems_of

import orch
from orch.errors import OrchError
from orch.model.conditions import Compare, Not
from orch.model.flags import told
from orch.model.graph import Choice, OutputRef, ParameterRef, Value

STEPS = dedent(
    """
    from typing import Annotated, Any, Literal, Optional
    from orch import either, otherwise, pipeline, step, when

    class Frame: ...

    @step
    def train(rows: int = 1) -> tuple[Annotated[str, "model"], Annotated[float, "accuracy"], Annotated[float, "recall"]]: ...
    @step
    def check() -> bool: ...
    @step
    def region() -> Literal["eu", "us"]: ...
    @step
    def anything() -> Any: ...
    @step
    def maybe() -> Optional[int]: ...
    @step
    def frame() -> Frame: ...
    @step
    def better(model: str) -> str: ...
    @step
    def deploy(model: str) -> None: ...
    @step
    def tell() -> None: ...
    @step
    def join(first: str, second: str) -> None: ...

    """
)
SIGNATURE = (
    "@pipeline\ndef p(rows: int = 1, dry: bool = False, limit: float = 0.9, where: str = 'eu'):\n    model, accuracy, recall = train()\n"
)


def source(body: str) -> str:
    return STEPS + SIGNATURE + "".join(f"    {line}\n" for line in body.splitlines())


def when_of(folder: Path, condition: str) -> object:
    return graph_of(folder, source(f"with when({condition}):\n    deploy(model)"))["deploy"].when


ACCURACY = OutputRef("train", "accuracy")
GOOD = Compare(ACCURACY, ">", Value(0.9))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("accuracy > 0.9", GOOD),
        ("0.9 < accuracy", GOOD),
        ("accuracy == 1", Compare(ACCURACY, "==", Value(1))),
        ("accuracy > limit", Compare(ACCURACY, ">", ParameterRef("limit"))),
        ("limit < accuracy", Compare(ACCURACY, ">", ParameterRef("limit"))),
        ("limit == accuracy", Compare(ACCURACY, "==", ParameterRef("limit"))),
        ("accuracy > recall", Compare(ACCURACY, ">", OutputRef("train", "recall"))),
        ("rows >= 5", Compare(ParameterRef("rows"), ">=", Value(5))),
        ("rows < limit", Compare(ParameterRef("rows"), "<", ParameterRef("limit"))),
        ("dry", Compare(ParameterRef("dry"), "==", Value(data=True))),
        ("~dry", Not(Compare(ParameterRef("dry"), "==", Value(data=True)))),
        ("check()", Compare(OutputRef("check", "output"), "==", Value(data=True))),
        ("anything()", Compare(OutputRef("anything", "output"), "==", Value(data=True))),
        ("anything() > 5", Compare(OutputRef("anything", "output"), ">", Value(5))),
        ("maybe() == None", Compare(OutputRef("maybe", "output"), "==", Value(None))),
        ("maybe() > 3", Compare(OutputRef("maybe", "output"), ">", Value(3))),
        ("region() != 'eu'", Compare(OutputRef("region", "output"), "!=", Value("eu"))),
        ("accuracy < float('inf')", Compare(ACCURACY, "<", Value({"$float": "inf"}))),
        ("(accuracy > 0.9) & dry & (rows > 1)", "train.accuracy > 0.9 and dry and rows > 1"),
        ("(accuracy > 0.9) | ~(dry | (rows > 1))", "train.accuracy > 0.9 or not (dry or rows > 1)"),
        ("~~dry", Compare(ParameterRef("dry"), "==", Value(data=True))),
    ],
)
def test_a_condition_goes_into_the_graph_as_it_was_written(tmp_path: Path, written: str, expected: object) -> None:
    condition = when_of(tmp_path, written)

    assert (told(condition) if isinstance(expected, str) else condition) == expected  # type: ignore[arg-type]


def test_every_step_that_is_called_in_a_block_has_its_condition_and_no_other_step(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        source("with when(accuracy > 0.9):\n    new = better(model)\n    deploy(new)\nwith otherwise():\n    tell()\ntell(id='last')"),
    )

    assert {step.id: step.when for step in graph.steps} == {
        "train": None,
        "better": GOOD,
        "deploy": GOOD,
        "tell": Not(GOOD),
        "last": None,
    }
    assert graph["tell"].needs == ("train",)


def test_blocks_inside_each_other_ask_for_all_of_their_conditions(tmp_path: Path) -> None:
    inner = "    with when(dry):\n        tell()\n    with otherwise():\n        deploy(model)\n"
    body = f"with when(accuracy > 0.9):\n{inner}with otherwise():\n    tell()"
    graph = graph_of(tmp_path, source(body))

    assert [told(step.when) for step in graph.steps if step.when] == [
        "train.accuracy > 0.9 and dry",
        "train.accuracy > 0.9 and not dry",
        "not (train.accuracy > 0.9)",
    ]


def test_one_call_may_have_a_condition_of_its_own(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, source("with when(dry):\n    deploy(model, when=accuracy > 0.9)\ndeploy.with_options(when=~dry)(model)"))

    assert [told(step.when) for step in graph.steps if step.when] == ["dry and train.accuracy > 0.9", "not dry"]


def test_a_pipeline_that_is_called_in_a_block_stands_under_its_condition(tmp_path: Path) -> None:
    inner = "@pipeline\ndef inner(value: float):\n    with when(value > 0.5):\n        tell()\n    with otherwise():\n        tell()\n"
    graph = graph_of(tmp_path, STEPS + inner + SIGNATURE + "    with when(dry):\n        inner(accuracy)\n", "p")

    assert [told(step.when) for step in graph.steps if step.when] == [
        "dry and train.accuracy > 0.5",
        "dry and not (train.accuracy > 0.5)",
    ]


def test_branches_join_in_the_order_in_which_they_are_written(tmp_path: Path) -> None:
    body = BRANCHES + "deploy(either(one, either(two, model)), after=either(one, two))"
    graph = graph_of(tmp_path, source(body))
    refs = OutputRef("better", "output"), OutputRef("better_2", "output"), OutputRef("train", "model")

    assert graph["deploy"].inputs == (("model", Choice(refs)),)
    assert graph["deploy"].when is None
    assert graph["deploy"].needs == ("better", "better_2", "train")
    assert graph["deploy"].choices == graph["deploy"].needs


MISTAKES = [
    ("with when(frame() == 3):\n    tell()", "condition", "frame.output is", "returns True or False"),
    (
        "with when(accuracy == 'high'):\n    tell()",
        "condition",
        "train.accuracy is float, and 'high' is text: they are never equal",
        "a number",
    ),
    ("with when(accuracy > None):\n    tell()", "condition", "train.accuracy is float, and None is None: neither is less", "a number"),
    ("with when(accuracy == None):\n    tell()", "condition", "never equal", "a number"),
    ("with when(accuracy > True):\n    tell()", "condition", "True is True or False", "a number"),
    ("with when(check() > False):\n    tell()", "condition", "none is less than another", "=="),
    ("with when(maybe() > None):\n    tell()", "condition", "none is less than another", "=="),
    ("with when(region() == 'asia'):\n    tell()", "condition", "'eu', 'us', and never 'asia'", "one of these"),
    ("with when(accuracy > float('nan')):\n    tell()", "condition", "nan is never true", "in a step"),
    ("with when(accuracy > [1]):\n    tell()", "condition", "a value of type list is no plain number", "in a step"),
    ("with when(accuracy > maybe()):\n    tell()", "condition", "made by different steps", "takes both"),
    ("with when(rows > maybe()):\n    tell()\nwith when(where > rows):\n    tell()", "condition", "where is str", "text"),
    ("with when(accuracy):\n    tell()", "condition", "train.accuracy is float, which is no condition", "compare it"),
    ("with when(deploy(model)):\n    tell()", "condition", "None, which is no condition", ""),
    ("with when(True):\n    tell()", "condition", "the condition is True, and not about", "plain `if`"),
    ("with when(dry & True):\n    tell()", "condition", "the condition is True, and not about", "plain `if`"),
    ("with when('yes'):\n    tell()", "condition", "'yes' is no condition", "compare"),
    ("when(dry)\ntell()", "condition", "no step depends on it", "with orch.when"),
    ("with otherwise():\n    tell()", "condition", "otherwise() follows no when(...)", "directly below"),
    ("with when(dry):\n    tell()\ntell()\nwith otherwise():\n    tell()", "condition", "follows no when", "directly below"),
    ("with when(dry):\n    tell()\nwith otherwise():\n    tell()\nwith otherwise():\n    tell()", "condition", "follows no when", ""),
    (
        "if accuracy > 0.9:\n    tell()",
        "value-not-known-yet",
        "condition train.accuracy > 0.9 is tested as true or false",
        "with orch.when",
    ),
    ("if dry:\n    tell()", "value-not-known-yet", "parameter 'dry' is tested as true or false", "with orch.when"),
    ("if not accuracy > 0.9:\n    tell()", "value-not-known-yet", "tested as true or false", "`~`"),
    ("with when(0.5 < accuracy < 0.9):\n    tell()", "value-not-known-yet", "tested as true or false", "`&`"),
    ("with when((accuracy > 0.9) and dry):\n    tell()", "value-not-known-yet", "tested as true or false", "`&`"),
    ("with when(accuracy > 0.9 & rows):\n    tell()", "value-not-known-yet", "combined with 0.9", "parentheses"),
    ("with when((accuracy > 0.9) == True):\n    tell()", "value-not-known-yet", "is compared", ""),
    ("deploy(accuracy > 0.9)", "argument", "is the condition train.accuracy > 0.9, which has no value", "orch.when"),
    ("deploy(either(model))", "argument", "got one", "branches"),
    ("deploy(either())", "argument", "got none", "branches"),
    ("deploy(either(model, model))", "argument", "got output 'model' of step 'train' 2 times", "branches"),
    ("deploy(either(model, 'x'))", "argument", "'x' is none", "outputs of steps"),
    ("deploy(either(model, accuracy))", "argument", "is str, but output 'accuracy' of step 'train' is float", ""),
    ("deploy(either(model, tell()))", "argument", "is none", "after=[...]"),
]


BRANCHES = "with when(accuracy > 0.9):\n    one = better(model)\nwith otherwise():\n    two = better(model)\n"
BOTH = "with when(dry & (accuracy > 0.9)):\n    one = better(model)\n"
ONLY_IF = "'better' runs only if train.accuracy > 0.9"
NEVER = [
    (BRANCHES + "join(one, two)", f"{ONLY_IF}, and 'better_2' runs only if not (train.accuracy > 0.9)", "either"),
    (BRANCHES + "join(one, better(two))", f"{ONLY_IF}, and 'better_2' runs only if not", "either"),
    (BRANCHES + "with when(dry):\n    join(one, two)", "step 'join' never runs: 'better' runs only if", "either"),
    (BRANCHES + "with when(accuracy > 0.9):\n    deploy(two)", "and 'better_2' runs only if", "either"),
    ("with when(dry):\n    with when(~dry):\n        tell()", "'tell' never runs: it needs both dry and not dry", "mend"),
    (BOTH + "with otherwise():\n    deploy(one)", "'deploy' never runs: 'better' runs only if", "either"),
    ("deploy(either(model, better(model)))", "'deploy' never reads 'better.output': either() takes the first", "with orch.when"),
    (BRANCHES + "deploy(either(one, model, two))", "'deploy' never reads 'better_2.output'", "pass what may be skipped first"),
    ("with when(dry):\n    one = better(model)\n    deploy(either(one, model))", "first that ran, and 'better' runs", "skipped first"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "message", "hint"), NEVER, ids=[case[0] for case in NEVER])
def test_a_step_that_no_run_could_reach_is_named_once(tmp_path: Path, body: str, message: str, hint: str) -> None:
    (problem,) = problems_of(tmp_path, source(body + "\n"))

    assert problem.code == "condition"
    assert message in problem.message
    assert hint in problem.hint
    assert problem.where is not None
    assert problem.where.line > 30


MET = [
    BRANCHES + "deploy(either(one, two))",
    BRANCHES + "deploy(either(one, model))",
    BRANCHES + "x = better(either(one, two))\ndeploy(either(x, model))",
    BRANCHES + "with when(dry):\n    deploy(either(better(one), model))",
    BRANCHES + "deploy(one)\ndeploy(two)\ntell(after=[one, two])",
    "with when(dry):\n    one = better(model)\nwith when(accuracy > 0.9):\n    join(one, model)",
    "with when(dry & (accuracy > 0.9)):\n    one = better(model)\nwith when(~dry):\n    tell()\nwith when(dry):\n    deploy(one)",
    "with when(~(dry & (accuracy > 0.9))):\n    one = better(model)\nwith when(dry):\n    deploy(one)",
]


@pytest.mark.parametrize("body", MET)
def test_a_step_that_some_run_reaches_is_none_of_these(tmp_path: Path, body: str) -> None:
    assert graph_of(tmp_path, source(body)).steps


@pytest.mark.parametrize(("body", "code", "message", "hint"), MISTAKES, ids=[case[0] for case in MISTAKES])
def test_a_mistake_is_named_with_its_line_and_a_way_out(tmp_path: Path, body: str, code: str, message: str, hint: str) -> None:
    problem = problems_of(tmp_path, source(body))[0]

    assert problem.code == code
    assert message in problem.message
    assert hint in problem.hint
    assert problem.where is not None
    assert problem.where.line > 30


def test_outside_of_a_pipeline_there_is_nothing_to_depend_on() -> None:
    for call in (lambda: orch.when(True), orch.otherwise, lambda: orch.either(1, 2)):
        with pytest.raises(OrchError, match="called outside of a pipeline"):
            call()
