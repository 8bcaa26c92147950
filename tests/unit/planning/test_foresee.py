"""Conditions in a plan: what is certainly skipped, and which results may not be taken before a condition is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from support.steps import a_graph, a_step

from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.conditions import Compare, Not
from orch.model.flags import PARAMETERS
from orch.model.graph import Graph
from orch.model.index import Entry
from orch.model.parameters import Kind, Parameter, ParameterType
from orch.model.plan import Action, Cause, Decision, Plan
from orch.model.steps import Choice, OutputRef, ParameterRef, Step, Value
from orch.planning.foresee import foresee

BIG = Compare(OutputRef("a", "output"), ">", Value(5))
DRY = Compare(ParameterRef("dry"), "==", Value(data=True))
JOIN = (("x", Choice((OutputRef("large", "output"), OutputRef("small", "output")))),)


def graph(condition: Compare) -> Graph:
    return a_graph(
        a_step("a"),
        replace(a_step("large", ["a"]), when=condition),
        replace(a_step("small", ["a"]), when=Not(condition)),
        a_step("reads", ["large"]),
        a_step("comes", after=["large"]),
        Step("join", "p.py:join", JOIN, a_step("join").outputs),
        parameters=[Parameter("dry", ParameterType(Kind.BOOL, text="bool"), default=False)],
    )


def entry(step: str, value: Json) -> Entry:
    return Entry("sha256:0", "p", step, "1", "", outputs={"output": Artifact("sha256:0", 1, "json", value=value)})


def plan(found: Graph, cached: Mapping[str, Json], parameters: Mapping[str, Json]) -> tuple[dict[str, str], dict[str, Mapping[str, bool]]]:
    decisions = (
        Decision(step.id, Action.CACHED, Cause.HIT, entry=entry(step.id, cached[step.id]))
        if step.id in cached
        else Decision(step.id, Action.RUN, Cause.FIRST)
        for step in found.steps
    )
    planned, flags = foresee(found, Plan(tuple(decisions)), parameters)
    return {each.step: str(each.action) for each in planned.decisions}, flags


def test_what_a_parameter_says_is_known_before_anything_runs() -> None:
    actions, flags = plan(graph(DRY), {}, {"dry": False})

    assert actions == {"a": "run", "large": "skipped", "small": "run", "reads": "skipped", "comes": "run", "join": "run"}
    assert flags == {PARAMETERS: {"dry == true": False}}


def test_what_hangs_on_a_step_that_is_still_to_run_is_neither_skipped_nor_cached() -> None:
    actions, flags = plan(graph(BIG), dict.fromkeys(("large", "small", "reads", "comes", "join"), 1), {"dry": False})

    assert actions == {"a": "run", "large": "maybe", "small": "maybe", "reads": "maybe", "comes": "cached", "join": "maybe"}
    assert flags == {}


def test_the_flags_of_a_cached_step_decide_at_once() -> None:
    actions, flags = plan(graph(BIG), dict.fromkeys(("a", "large", "small", "reads", "join"), 7), {"dry": False})

    assert actions == {"a": "cached", "large": "cached", "small": "skipped", "reads": "cached", "comes": "run", "join": "maybe"}
    assert flags == {"a": {"output > 5": True}}


def test_a_plan_without_conditions_is_the_same() -> None:
    found = a_graph(a_step("a"), a_step("b", ["a"]))

    assert plan(found, {"a": 1}, {}) == ({"a": "cached", "b": "run"}, {})


def test_who_reads_what_may_come_out_otherwise_is_not_cached_before_that_is_told() -> None:
    """A join takes another branch than the one whose result was known: what reads the join is decided when its job has looked."""
    found = graph(DRY)
    found = replace(found, steps=(*found.steps, a_step("end", ["join"]), a_step("last", ["end"]), a_step("aside", ["a"])))

    actions, _ = plan(found, dict.fromkeys(("a", "large", "small", "join", "end", "last", "aside"), 7), {"dry": False})

    assert (actions["large"], actions["small"], actions["join"]) == ("skipped", "cached", "maybe")
    assert (actions["end"], actions["last"], actions["aside"]) == ("maybe", "maybe", "cached")
