"""The one decision: run, use an earlier result, or wait; and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import graphs
from support.steps import a_graph, a_step

from orch.model.artifacts import Artifact
from orch.model.facts import Facts
from orch.model.graph import Graph, topological
from orch.model.index import Entry, Index
from orch.model.plan import Action, Cause, Plan
from orch.model.settings import StepSettings
from orch.model.steps import Step
from orch.planning.decide import Known, decide, decide_step

NOW = 1_800_000_000.0
ENDED = "2027-01-15T08:00:00.000Z"  # the same moment
FACTS = Facts("sha256:code", "sha256:packages", "3.11", "linux-x86_64")
CHAIN = a_graph(a_step("load"), a_step("clean", ["load"]), a_step("train", ["clean"]))


def known(graph: Graph, index: Index | None = None, **more: object) -> Known:
    facts = {step.id: replace(FACTS, code=f"sha256:{step.source}") for step in graph.steps}
    parameters = {parameter.name: 1 for parameter in graph.parameters}
    return Known(facts, parameters, index or Index(), NOW, **more)  # type: ignore[arg-type]


def run(graph: Graph, known: Known, makes: Callable[[str], str] = lambda output: output) -> list[str]:
    """Run what is to be run, as a scheduler does, and keep the results; which steps ran. `makes` gives the bytes of an output."""
    inputs: dict[str, Artifact] = {}
    ran = []
    for step in topological(graph):
        decision = decide_step(graph.pipeline, step, known, inputs)
        assert decision.action is not Action.MAYBE
        outputs = {output.name: Artifact(f"sha256:{makes(f'{step.id}.{output.name}')}", 1, "json") for output in step.outputs}
        if decision.action is Action.RUN:
            ran.append(step.id)
            if decision.key:
                known.index.add(Entry(decision.key, graph.pipeline, step.id, "run-1", ENDED, decision.facts, outputs))
        else:
            assert decision.entry is not None
            outputs = dict(decision.entry.outputs)
        inputs |= {f"{step.id}.{name}": artifact for name, artifact in outputs.items()}
    return ran


def changed(before: Known, **code: str) -> Known:
    return replace(before, facts={step: replace(facts, code=code.get(step, facts.code)) for step, facts in before.facts.items()})


def actions(plan: Plan) -> dict[str, tuple[Action, Cause]]:
    return {decision.step: (decision.action, decision.cause) for decision in plan.decisions}


def test_a_pipeline_that_has_not_run_runs_and_what_is_below_waits() -> None:
    plan = decide(CHAIN, known(CHAIN))

    assert actions(plan) == {
        "load": (Action.RUN, Cause.FIRST),
        "clean": (Action.MAYBE, Cause.UPSTREAM),
        "train": (Action.MAYBE, Cause.UPSTREAM),
    }
    assert plan["clean"].reason == "load must run first"


def test_a_pipeline_that_has_run_is_cached_all_the_way() -> None:
    before = known(CHAIN)

    assert run(CHAIN, before) == ["load", "clean", "train"]
    assert set(actions(decide(CHAIN, before)).values()) == {(Action.CACHED, Cause.HIT)}
    assert run(CHAIN, before) == []


def test_a_step_whose_code_changed_runs_and_what_is_below_may_be_cached() -> None:
    before = known(CHAIN)
    run(CHAIN, before)
    after = changed(before, clean="sha256:new")
    plan = decide(CHAIN, after)

    assert actions(plan) == {
        "load": (Action.CACHED, Cause.HIT),
        "clean": (Action.RUN, Cause.CHANGED),
        "train": (Action.MAYBE, Cause.UPSTREAM),
    }
    assert plan["clean"].reason == "its code has changed"


def test_what_reads_an_output_that_came_out_the_same_stays_cached() -> None:
    before = known(CHAIN)
    run(CHAIN, before)

    assert run(CHAIN, changed(before, clean="sha256:new")) == ["clean"]
    assert run(CHAIN, changed(before, clean="sha256:newer"), lambda output: f"{output} again") == ["clean", "train"]


def test_going_back_finds_the_earlier_result() -> None:
    before = known(CHAIN)
    run(CHAIN, before)
    run(CHAIN, changed(before, load="sha256:new"), lambda output: f"{output} again")

    assert run(CHAIN, before) == []


SETTINGS = [
    (StepSettings(cache=False), True, (Action.RUN, Cause.DISABLED)),
    (StepSettings(), False, (Action.RUN, Cause.NO_OUTPUTS)),
    (StepSettings(cache=True), False, (Action.CACHED, Cause.HIT)),
    (StepSettings(cache=True), True, (Action.CACHED, Cause.HIT)),
    (StepSettings(deploys_to="production"), True, (Action.RUN, Cause.DEPLOYS)),
    (StepSettings(deploys_to="production", cache=True), True, (Action.CACHED, Cause.HIT)),
    (StepSettings(deploys_by="where", cache=True), True, (Action.RUN, Cause.DEPLOYS)),
    (StepSettings(github={"environment": "production"}), True, (Action.RUN, Cause.DEPLOYS)),
    (StepSettings(github={"env": {"REGION": "${{ inputs.region }}"}}), True, (Action.RUN, Cause.EXPRESSION)),
    (StepSettings(github={"env": {"TOKEN": "${{ secrets.TOKEN }}"}}), True, (Action.CACHED, Cause.HIT)),
    (StepSettings(github={"runs-on": "${{ vars.RUNNER }}"}), True, (Action.CACHED, Cause.HIT)),
    (StepSettings(cache_expires_after=60.0), True, (Action.CACHED, Cause.HIT)),
    (StepSettings(cache_expires_after=0.5), True, (Action.RUN, Cause.EXPIRED)),
]


@pytest.mark.parametrize(("settings", "has_outputs", "expected"), SETTINGS)
def test_settings_of_a_step_are_heard(settings: StepSettings, has_outputs: bool, expected: tuple[Action, Cause]) -> None:
    step = a_step("load", settings=settings)
    graph = a_graph(step if has_outputs else replace(step, outputs=()))
    before = known(graph)
    run(graph, before)

    assert actions(decide(graph, replace(before, now=NOW + 1))) == {"load": expected}


def test_a_step_that_always_runs_has_no_key() -> None:
    graph = a_graph(a_step("load", settings=StepSettings(cache=False)))

    assert decide(graph, known(graph))["load"].key == ""


@pytest.mark.parametrize("ended", ["", "yesterday", "0000-00-00"])
def test_a_result_that_does_not_say_when_it_was_made_has_expired_where_that_matters(ended: str) -> None:
    for options, expected in ((StepSettings(cache_expires_after=60.0), Cause.EXPIRED), (StepSettings(), Cause.HIT)):
        graph = a_graph(a_step("load", settings=options))
        before = known(graph)
        run(graph, before)
        index = Index(replace(entry, ended=ended) for entry in before.index)

        assert decide(graph, replace(before, index=index))["load"].cause is expected


def test_a_result_whose_bytes_are_gone_is_made_again() -> None:
    before = known(CHAIN)
    run(CHAIN, before)
    plan = decide(CHAIN, replace(before, is_lost=lambda entry: entry.step == "clean"))

    assert actions(plan)["clean"] == (Action.RUN, Cause.LOST)
    assert "run-1" in plan["clean"].reason
    assert run(CHAIN, replace(before, is_lost=lambda entry: entry.step == "clean")) == ["clean"]


def test_a_result_that_is_a_pickle_is_none_where_pickles_are_forbidden() -> None:
    before = known(CHAIN)
    run(CHAIN, before)
    (entry,) = (entry for entry in before.index if entry.step == "clean")
    for meta, expected in (({"pickles": ["$.a"]}, Cause.FORBIDDEN), ({"pickles": []}, Cause.HIT)):
        outputs = {name: replace(artifact, meta=meta) for name, artifact in entry.outputs.items()}
        index = Index([*before.index, replace(entry, outputs=outputs)])

        plan = decide(CHAIN, replace(before, index=index, may_unpickle=False))

        assert actions(plan)["clean"][1] is expected
        assert actions(decide(CHAIN, replace(before, index=index)))["clean"] == (Action.CACHED, Cause.HIT)


def test_a_result_that_lacks_an_output_is_made_again() -> None:
    before = known(CHAIN)
    run(CHAIN, before)
    damaged = Index(replace(entry, outputs={}) if entry.step == "load" else entry for entry in before.index)

    assert actions(decide(CHAIN, replace(before, index=damaged)))["load"] == (Action.RUN, Cause.LOST)


def test_without_the_cache_everything_runs_and_its_results_are_used_later() -> None:
    before = known(CHAIN)
    run(CHAIN, before)
    asked = replace(before, reads_cache=False)

    assert decide(CHAIN, asked)["load"].cause is Cause.ASKED
    assert decide(CHAIN, asked)["load"].key
    assert run(CHAIN, asked, lambda output: f"{output} again") == ["load", "clean", "train"]
    assert run(CHAIN, before) == []
    entry = decide(CHAIN, before)["load"].entry
    assert entry is not None
    assert entry.outputs["output"].digest == "sha256:load.output again"


def test_a_renamed_step_keeps_its_results() -> None:
    before = known(CHAIN)
    run(CHAIN, before)
    renamed = a_graph(replace(a_step("fetch"), source=CHAIN["load"].source), *(replace(each) for each in (a_step("other"),)))

    assert actions(decide(renamed, known(renamed, before.index)))["fetch"] == (Action.CACHED, Cause.HIT)


def test_secrets_are_not_in_what_is_kept_of_a_decision() -> None:
    before = known(CHAIN, masked=lambda document: {**document, "code": "***"})
    decision = decide(CHAIN, before)["load"]

    assert decision.facts["code"] == "***"
    assert decision.key == decide(CHAIN, known(CHAIN))["load"].key


@settings(max_examples=40)
@given(graph=graphs(), data=st.data())
def test_deciding_a_graph_is_deciding_each_step_in_its_turn(graph: Graph, data: st.DataObject) -> None:
    before = _some_ran(graph, data)
    plan = decide(graph, before)
    inputs: dict[str, Artifact] = {}

    for step in topological(graph):
        decision = decide_step(graph.pipeline, step, before, inputs)
        assert plan[step.id] == decision
        if decision.entry is not None:
            inputs |= {f"{step.id}.{name}": artifact for name, artifact in decision.entry.outputs.items()}


@settings(max_examples=40)
@given(graph=graphs(), data=st.data())
def test_a_decision_leaves_no_doubt(graph: Graph, data: st.DataObject) -> None:
    """What is cached has a result, what may be cached waits for a step that runs or waits, and all of them have a reason."""
    before = _some_ran(graph, data)
    plan = decide(graph, before)

    for decision in plan.decisions:
        step = graph[decision.step]
        upstream = {plan[producer].action for producer in step.producers}
        assert decision.reason
        assert (decision.entry is not None) == (decision.action is Action.CACHED)
        if decision.action is Action.MAYBE:
            assert upstream - {Action.CACHED}
        elif decision.key:
            assert upstream <= {Action.CACHED}


@settings(max_examples=40)
@given(graph=graphs())
def test_whatever_ran_need_not_run_again(graph: Graph) -> None:
    before = known(graph)
    run(graph, before)

    assert run(graph, before) == [step.id for step in topological(graph) if not step.outputs]


@settings(max_examples=40)
@given(graph=graphs(), data=st.data())
def test_a_change_makes_only_that_step_run_and_those_that_get_something_else(graph: Graph, data: st.DataObject) -> None:
    before = known(graph)
    run(graph, before)
    edited = data.draw(st.sampled_from([step.id for step in graph.steps]))
    always = {step.id for step in graph.steps if not step.outputs}

    assert set(run(graph, changed(before, **{edited: "sha256:new"}))) == {edited} | always


def _some_ran(graph: Graph, data: st.DataObject) -> Known:
    """A pipeline that ran, of which some steps were edited and some results lost."""
    before = known(graph)
    run(graph, before)
    names = st.sets(st.sampled_from([step.id for step in graph.steps]), max_size=3)
    edited, lost = data.draw(names), data.draw(names)
    return replace(changed(before, **dict.fromkeys(edited, "sha256:new")), is_lost=lambda entry: entry.step in lost)


def test_steps_of_one_source_and_equal_arguments_share_a_result() -> None:
    twin = Step("twin", CHAIN["load"].source, outputs=CHAIN["load"].outputs)
    graph = a_graph(a_step("load"), twin)
    before = known(graph)

    assert run(graph, before) == ["load"]
