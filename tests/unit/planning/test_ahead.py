"""What is decided about steps of other machines: only what is known of these is taken without a look on the spot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.steps import a_graph, a_step

from orch.model.artifacts import Artifact
from orch.model.facts import Facts
from orch.model.graph import Graph
from orch.model.index import Entry, Index
from orch.model.plan import Action, Cause, Plan
from orch.model.settings import StepSettings
from orch.planning.ahead import Ahead, decide_ahead, decide_on
from orch.planning.decide import Known
from orch.planning.machines import Machine

HERE, THERE = Machine("3.12", "linux-x86_64"), Machine("3.13", "linux-x86_64")
CHAIN = a_graph(a_step("a"), a_step("b", ["a"]))


def artifact(text: str) -> Artifact:
    return Artifact(f"sha256:{text * 64}"[:71], 1, "json")


def known(graph: Graph, entries: Sequence[Entry] = (), *, code: Mapping[str, str] | None = None) -> Known:
    facts = {step: Facts((code or {}).get(step, "c"), "p", "", "") for step in graph.by_id}
    return Known(facts, {}, Index(entries), 0.0)


def made(graph: Graph, machine: Machine, *, code: Mapping[str, str] | None = None) -> list[Entry]:
    """The entries that a run of all steps on `machine` leaves."""
    entries: list[Entry] = []
    inputs: dict[str, Artifact] = {}
    for step in graph.steps:
        decision = decide_on(graph.pipeline, step, known(graph, code=code), machine, inputs)
        outputs = {"output": artifact(step.id)}
        entries.append(Entry(decision.key, graph.pipeline, step.id, "5", "2027-01-01T00:00:00Z", decision.facts, outputs))
        inputs |= {f"{step.id}.{name}": each for name, each in outputs.items()}
    return entries


def plan(graph: Graph, entries: Sequence[Entry], machines: Mapping[str, Machine], **more: Mapping[str, str]) -> Plan:
    problems, untaken, code = (more.get(name, {}) for name in ("problems", "untaken", "code"))
    return decide_ahead(graph, Ahead(known(graph, entries, code=code), machines, problems, untaken))


def actions(plan: Plan) -> dict[str, str]:
    return {each.step: str(each.action) for each in plan.decisions}


ON_HERE = {"a": HERE, "b": HERE}


def test_a_result_of_the_expected_machine_is_taken() -> None:
    assert actions(plan(CHAIN, made(CHAIN, HERE), ON_HERE)) == {"a": "cached", "b": "cached"}


def test_a_result_of_another_machine_is_for_the_job_to_judge() -> None:
    decided = plan(CHAIN, made(CHAIN, THERE), ON_HERE)

    assert actions(decided) == {"a": "maybe", "b": "maybe"}
    assert [decided["a"].cause, decided["b"].cause] == [Cause.RUNNER, Cause.UPSTREAM]


def test_where_nothing_is_known_of_the_machine_the_job_looks_itself() -> None:
    assert actions(plan(CHAIN, made(CHAIN, HERE), {})) == {"a": "maybe", "b": "maybe"}


def test_what_has_changed_runs_on_whatever_machine() -> None:
    code = {"a": "changed"}

    for machines in (ON_HERE, {}):
        decided = plan(CHAIN, made(CHAIN, HERE), machines, code=code)
        assert actions(decided) == {"a": "run", "b": "maybe"}
        assert decided["a"].cause is Cause.CHANGED


def test_without_earlier_results_all_run() -> None:
    for machines in (ON_HERE, {}):
        assert actions(plan(CHAIN, [], machines)) == {"a": "run", "b": "maybe"}
    assert plan(CHAIN, [], {})["a"].key == ""


def test_a_step_about_which_nothing_can_be_known_runs_and_says_why() -> None:
    decided = plan(CHAIN, made(CHAIN, HERE), ON_HERE, problems={"a": "uv.lock cannot be read"})

    assert actions(decided) == {"a": "run", "b": "maybe"}
    assert decided["a"].reason == "uv.lock cannot be read"


def test_a_result_that_must_not_be_taken_is_named() -> None:
    key = made(CHAIN, HERE)[0].key
    decided = plan(CHAIN, [], ON_HERE, untaken={key: "the result of run 5 is not used: its code came from a fork"})

    assert (decided["a"].action, decided["a"].cause) == (Action.RUN, Cause.LOST)
    assert decided["a"].reason == "the result of run 5 is not used: its code came from a fork"


@pytest.mark.parametrize("settings", [StepSettings(cache=False)])
def test_a_step_that_is_not_cached_runs(settings: StepSettings) -> None:
    graph = a_graph(a_step("a", settings=settings))

    assert actions(plan(graph, [], {})) == {"a": "run"}


@given(st.lists(st.sampled_from([HERE, THERE]), min_size=2, max_size=2), st.sampled_from([HERE, THERE, None]), st.booleans())
def test_nothing_is_taken_that_the_step_on_its_own_machine_would_not_take(
    of: list[Machine], expected: Machine | None, changed: bool
) -> None:
    entries = [each for machine in of for each in made(CHAIN, machine)]
    machines = {} if expected is None else {"a": expected, "b": expected}
    code = {"a": "changed"} if changed else {}
    decided = plan(CHAIN, entries, machines, code=code)

    for step in CHAIN.steps:
        if decided[step.id].action is Action.CACHED:
            assert expected is not None
            inputs = {"a.output": artifact("a")} if step.id == "b" else {}
            assert decide_on("p", step, known(CHAIN, entries, code=code), expected, inputs).action is Action.CACHED
