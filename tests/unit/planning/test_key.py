"""The cache key: another one for whatever a result depends on, the same one for all else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.graphs import graphs

from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.facts import Facts
from orch.model.graph import Graph
from orch.model.resources import ResourceSettings
from orch.model.retry import StepRetryConfig
from orch.model.settings import StepSettings
from orch.model.steps import Output, OutputRef, ParameterRef, Sequence, Step, Table, Value
from orch.planning.key import key_document, key_of

FACTS = Facts("sha256:code", "sha256:packages", "3.11", "linux-x86_64", {"data.csv": "sha256:data"}, texts="sha256:texts")
STEP = Step(
    "train",
    "pipeline.py:train",
    (
        ("x", OutputRef("load", "a")),
        ("rate", ParameterRef("lr")),
        ("rows", Value(5)),
        ("more", Sequence("list", (OutputRef("load", "b"), Value(1)))),
    ),
    (Output("model", "Model"),),
    settings=StepSettings(environment=(("LEVEL", "1"),), secrets=("TOKEN",)),
)
PARAMETERS = {"lr": 0.1, "unrelated": 1}
INPUTS = {
    "load.a": Artifact("sha256:a", 1, "json", "builtins.int", meta={"name": "x"}),
    "load.b": Artifact("sha256:b", 1, "json", "builtins.int"),
}
NAMES = st.sampled_from(["a", "b", "x.y", "ü", ""])
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-1, 1) | st.text("ab1", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["value", "digest", "artifact", "list"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def key(
    step: Step = STEP, facts: Facts = FACTS, parameters: Mapping[str, Json] = PARAMETERS, inputs: Mapping[str, Artifact] = INPUTS
) -> str:
    return key_of(key_document(step, facts, parameters, inputs, logical_date="2026-01-01T00:00:00Z"))


def with_settings(**more: object) -> Step:
    return replace(STEP, settings=STEP.settings._replace(**more))  # type: ignore[arg-type]


def with_input(name: str, **more: object) -> dict[str, Artifact]:
    return {**INPUTS, name: replace(INPUTS[name], **more)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "other",
    [
        lambda: key(replace(STEP, id="other")),
        lambda: key(replace(STEP, after=("load",))),
        lambda: key(parameters={**PARAMETERS, "unrelated": 2}),
        lambda: key(with_settings(retry=StepRetryConfig(3))),
        lambda: key(with_settings(timeout=5.0)),
        lambda: key(with_settings(resources=ResourceSettings(cpu_count=8))),
        lambda: key(with_settings(target="local")),
        lambda: key(with_settings(keep=True)),
        lambda: key(with_settings(cache=True, cache_expires_after=5.0)),
        lambda: key(with_settings(on_failure="pipeline.py:tell")),
        lambda: key(with_settings(secrets=("TOKEN", "TOKEN")[:1])),
        lambda: key(facts=replace(FACTS, blind="sha256:some")),
        lambda: key(facts=replace(FACTS, texts="sha256:others")),
        lambda: key(inputs=with_input("load.a", size=2, preview="1")),
        lambda: key(
            replace(STEP, inputs=tuple((n, ParameterRef("lr2") if n == "rate" else b) for n, b in STEP.inputs)), parameters={"lr2": 0.1}
        ),
        lambda: key(
            replace(STEP, inputs=(("x", OutputRef("fetch", "a")), *STEP.inputs[1:])), inputs={**INPUTS, "fetch.a": INPUTS["load.a"]}
        ),
    ],
)
def test_what_a_result_does_not_depend_on_is_not_in_the_key(other: Callable[[], str]) -> None:
    assert other() == key()


@pytest.mark.parametrize(
    "other",
    [
        lambda: key(replace(STEP, source="pipeline.py:other")),
        lambda: key(replace(STEP, outputs=(Output("model", "int"),))),
        lambda: key(replace(STEP, outputs=(Output("other", "Model"),))),
        lambda: key(parameters={**PARAMETERS, "lr": 0.2}),
        lambda: key(replace(STEP, inputs=(*STEP.inputs[:2], ("rows", Value(5.0)), STEP.inputs[3]))),
        lambda: key(replace(STEP, inputs=(*STEP.inputs[:2], ("rows", Value("x" * 500)), STEP.inputs[3]))),
        lambda: key(replace(STEP, inputs=(*STEP.inputs[:2], ("size", Value(5)), STEP.inputs[3]))),
        lambda: key(inputs=with_input("load.a", digest="sha256:c")),
        lambda: key(inputs=with_input("load.a", materializer="array")),
        lambda: key(inputs=with_input("load.a", meta={"name": "y"})),
        lambda: key(inputs=with_input("load.a", type="builtins.bool")),
        lambda: key(inputs=with_input("load.b", digest="sha256:c")),
        lambda: key(facts=replace(FACTS, code="sha256:other")),
        lambda: key(facts=replace(FACTS, packages="sha256:other")),
        lambda: key(facts=replace(FACTS, python="3.12")),
        lambda: key(facts=replace(FACTS, platform="darwin-arm64")),
        lambda: key(facts=replace(FACTS, files={"data.csv": "sha256:other"})),
        lambda: key(facts=replace(FACTS, files={"other.csv": "sha256:data"})),
        lambda: key(facts=replace(FACTS, files={})),
        lambda: key(facts=replace(FACTS, reads_logical_date=True)),
        lambda: key(with_settings(environment=(("LEVEL", "2"),))),
        lambda: key(with_settings(environment=())),
        lambda: key(with_settings(secrets=("OTHER",))),
    ],
)
def test_whatever_a_result_depends_on_is_in_the_key(other: Callable[[], str]) -> None:
    assert other() != key()


def test_the_logical_date_counts_for_a_step_that_asks_for_it() -> None:
    facts = replace(FACTS, reads_logical_date=True)
    dates = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")

    assert len({key_of(key_document(STEP, facts, PARAMETERS, INPUTS, logical_date=date)) for date in dates}) == 2
    assert len({key_of(key_document(STEP, FACTS, PARAMETERS, INPUTS, logical_date=date)) for date in dates}) == 1


def exact(value: object) -> object:
    """1, 1.0 and True are equal in Python, and differ in JSON."""
    if isinstance(value, dict):
        return {name: exact(item) for name, item in value.items()}
    return [exact(item) for item in value] if isinstance(value, list) else (type(value), repr(value))


@given(one=VALUES, other=VALUES)
def test_arguments_have_one_key_only_if_they_are_the_same(one: Json, other: Json) -> None:
    keys = [key(replace(STEP, inputs=(("x", Value(value)),))) for value in (one, other)]

    assert (keys[0] == keys[1]) == (exact(one) == exact(other))


@given(text=st.text(min_size=190, max_size=210), other=st.text(min_size=190, max_size=210))
def test_long_arguments_differ_as_short_ones_do(text: str, other: str) -> None:
    keys = [key(replace(STEP, inputs=(("x", Value(value)),))) for value in (text, other)]

    assert (keys[0] == keys[1]) == (text == other)


def bindings() -> st.SearchStrategy[Json]:
    single = VALUES.map(Value) | st.just(ParameterRef("lr")) | st.sampled_from([OutputRef("load", "a"), OutputRef("load", "b")])
    return st.recursive(
        single,
        lambda inner: (
            st.builds(Sequence, st.sampled_from(["list", "tuple"]), st.lists(inner, max_size=2).map(tuple))
            | st.builds(Table, st.lists(st.tuples(NAMES, inner), max_size=2).map(tuple))
        ),
        max_leaves=4,
    )


@given(one=bindings(), other=bindings())
def test_equal_documents_have_equal_keys_and_others_do_not(one: Json, other: Json) -> None:
    documents = [key_document(replace(STEP, inputs=(("x", each),)), FACTS, PARAMETERS, INPUTS) for each in (one, other)]

    assert (key_of(documents[0]) == key_of(documents[1])) == (exact(documents[0]) == exact(documents[1]))


@given(one=bindings(), other=bindings())
def test_arguments_of_another_form_never_share_a_key(one: Json, other: Json) -> None:
    """No list of values is taken for an artifact, no text for a digest: what is in a value stays in it."""
    keys = [key(replace(STEP, inputs=(("x", each),))) for each in (one, other)]
    resolved = [_resolved(each) for each in (one, other)]

    assert (keys[0] == keys[1]) == (resolved[0] == resolved[1])


def _resolved(binding: Json) -> object:
    match binding:
        case Value(data):
            return ("value", repr(exact(data)))
        case ParameterRef(name):
            return ("value", repr(exact(PARAMETERS[name])))
        case OutputRef():
            return ("artifact", repr(INPUTS[str(binding)]))
        case Sequence(kind, items):
            return (kind, [_resolved(item) for item in items])
        case _:
            return ("dict", [(name, _resolved(item)) for name, item in binding.items])


@given(graph=graphs(mapped=True))
def test_steps_of_any_graph_have_keys(graph: Graph) -> None:
    parameters = {parameter.name: 1 for parameter in graph.parameters}
    for step in graph.steps:
        inputs = {str(ref): INPUTS["load.a"] for ref in step.references if isinstance(ref, OutputRef)}

        assert key(step, parameters=parameters, inputs=inputs).startswith("sha256:")


@pytest.mark.parametrize("around", [{"container": "python:3.12"}, {"env": {"A": "x"}}, {"before": [{"run": "make"}]}, {"services": {}}])
def test_what_is_written_by_hand_around_the_step_is_in_the_key(around: dict[str, Json]) -> None:
    assert key(with_settings(github=around)) != key(with_settings(github={}))


def test_which_runner_it_takes_and_what_comes_after_it_are_not() -> None:
    assert key(with_settings(github={"runs-on": "gpu", "after": [{"run": "x"}], "permissions": {}})) == key(with_settings(github={}))
