"""The decision about a mapped step is that about its legs, and an item is known by what it is, not by where it stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orch.model.artifacts import Artifact
from orch.model.bindings import Binding, Item, OutputRef, ParameterRef, Value
from orch.model.canonical import Json
from orch.model.facts import Facts
from orch.model.fans import Fan
from orch.model.gathered import gather
from orch.model.graph import Graph
from orch.model.index import Entry, Index
from orch.model.parameters import Kind, Parameter, ParameterType
from orch.model.plan import Action, Cause
from orch.model.steps import Output, Step
from orch.planning.decide import Known, decide
from orch.planning.key import key_document, key_of

FACTS = Facts("sha256:code", "sha256:packages", "3.11", "linux-x86_64")
OUTPUTS = (Output("output", "int"),)
MEMBERS: dict[str, list[Json]] = {"sha256:list": [10, {"a": 1}, 10]}
LIST = Artifact("sha256:list", 9, "json", "builtins.list", length=3)


def mapped(*items: Json) -> Graph:
    return Graph("p", "p.py:p", (Step("train", "p.py:train", (("x", Value(list(items))),), OUTPUTS, fan=Fan(("x",))),))


def known(*entries: Entry, **parameters: Json) -> Known:
    def member(artifact: Artifact, index: int) -> tuple[Json, Json] | None:
        items = MEMBERS.get(artifact.digest)
        return None if items is None else (items[index], None)

    return Known(dict.fromkeys(("train", "load", "score"), FACTS), parameters, Index(entries), now=0.0, member=member)


def ran(graph: Graph, run: str = "run-1") -> list[Entry]:
    """What a run leaves in which each leg makes a value of its own."""
    entries: list[Entry] = []
    for leg in decide(graph, known())["train"].legs:
        output = Artifact(f"sha256:made-of-{leg.key}", 1, "json")
        entries.append(Entry(leg.key, "p", leg.step, run, "2026-01-01T00:00:00Z", leg.facts, {"output": output}))
    return entries


def key(binding: Binding, artifact: Artifact = LIST, **parameters: Json) -> str:
    step = Step("train.0", "p.py:train", (("x", binding),), OUTPUTS)
    inputs = {"load.output": artifact, "load.1.output": Artifact("sha256:b", 1, "json")}
    return key_of(key_document(step, FACTS, parameters, inputs, member=known().member))


def test_it_is_cached_if_all_legs_are_and_its_outputs_are_what_they_made() -> None:
    graph = mapped(1, 2)
    entries = ran(graph)
    decision = decide(graph, known(*entries))["train"]

    assert (decision.action, decision.cause, len(decision.legs)) == (Action.CACHED, Cause.HIT, 2)
    assert decision.reason == "all 2 legs as in run run-1"
    assert decision.entry is not None
    assert decision.entry.outputs["output"] == gather([entry.outputs["output"] for entry in entries])


def test_an_item_that_is_new_runs_alone_wherever_it_stands() -> None:
    decision = decide(mapped(0, 2, 1), known(*ran(mapped(1, 2))))["train"]

    assert (decision.action, decision.cause) == (Action.MAYBE, Cause.CHANGED)
    assert [leg.action for leg in decision.legs] == [Action.RUN, Action.CACHED, Action.CACHED]
    assert decision.reason.startswith("1 of 3 legs must run; train.0: ")


def test_it_runs_if_no_leg_is_cached() -> None:
    assert decide(mapped(1, 2), known())["train"].action is Action.RUN


def test_nothing_to_map_over_needs_no_run() -> None:
    decision = decide(mapped(), known())["train"]

    assert (decision.action, decision.reason) == (Action.CACHED, "there is nothing to map over")


def test_what_reads_a_mapped_step_that_is_cached_is_decided_with_its_list() -> None:
    train = mapped(1, 2).steps[0]
    score = Step("score", "p.py:score", (("xs", OutputRef("train", "output")),), OUTPUTS)
    graph = Graph("p", "p.py:p", (train, score))

    assert decide(graph, known(*ran(mapped(1, 2))))["score"].cause is Cause.FIRST
    assert decide(graph, known())["score"].cause is Cause.UPSTREAM


@pytest.mark.parametrize("given", [3, {"a": 1}, None])
def test_a_parameter_that_is_no_list_is_no_bug(given: Json) -> None:
    step = Step("train", "p.py:train", (("x", ParameterRef("rates")),), OUTPUTS, fan=Fan(("x",)))
    graph = Graph("p", "p.py:p", (step,), (Parameter("rates", ParameterType(Kind.JSON, text="list")),))
    decision = decide(graph, known(rates=given))["train"]

    assert decision.action is Action.RUN
    assert "is not a list" in decision.reason


# --- keys ---


def test_an_item_has_the_key_of_a_value() -> None:
    wanted = key(Value(10))

    assert key(Item(OutputRef("load", "output"), 0)) == key(Item(OutputRef("load", "output"), 2)) == wanted
    assert key(Item(ParameterRef("rates"), 1), rates=[7, 10]) == wanted
    assert key(Item(Value([10]), 0)) == wanted
    assert key(Item(OutputRef("load", "output"), 1)) == key(Value({"a": 1})) != wanted


def test_an_item_of_a_list_into_which_nobody_can_look_is_known_by_the_list_and_its_place() -> None:
    opaque = replace(LIST, digest="sha256:opaque")
    keys = {
        key(Item(OutputRef("load", "output"), index), artifact) for index in (0, 1) for artifact in (opaque, replace(opaque, digest="x"))
    }

    assert len(keys) == 4


def test_an_item_of_what_legs_made_is_known_as_the_output_of_its_leg() -> None:
    items = [Artifact("sha256:a", 1, "json"), Artifact("sha256:b", 1, "json")]

    assert key(Item(OutputRef("load", "output"), 1), gather(items)) == key(OutputRef("load.1", "output"))


def test_a_list_that_legs_made_is_known_by_how_its_items_are_read() -> None:
    items = [Artifact("sha256:a", 1, "json"), Artifact("sha256:b", 1, "json")]
    others = ([items[1], items[0]], [items[0], replace(items[1], type="app.Model")], [items[0], replace(items[1], meta={"name": "x"})])

    assert len({key(OutputRef("load", "output"), gather(each)) for each in (items, *others)}) == 4
    assert key(OutputRef("load", "output"), gather(items)) == key(
        OutputRef("load", "output"), gather([replace(i, preview="p") for i in items])
    )
