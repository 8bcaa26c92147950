"""A compiled workflow ends as `orch run` does: random pipelines, on a model of GitHub that evaluates each `if:` by GitHub's own package."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.github_model import GitHub, Story, run_locally
from support.github_parser import GitHubParser
from support.graphs import PLAIN, graphs
from support.steps import a_graph, a_step

from orch.model.fan import index_of, leg_id
from orch.model.flags import parameter_problems
from orch.model.graph import Graph
from orch.model.runs import RunRecord
from orch.model.settings import ExecutionMode, StepSettings
from orch.model.states import State
from orch.names import workflow_path
from orch.orchestrators.github.packs import chosen_packs, with_packs
from orch.stacks.settings import Cache, Settings

# As many as take seconds; `ORCH_EXAMPLES=1000` for a longer look.
EXAMPLES: Final = int(os.environ.get("ORCH_EXAMPLES", "40"))
CACHES: Final[tuple[Cache, ...]] = ("plan", "job", "off")
MOST_LEGS: Final = 3
ENDS: Final = st.sampled_from([State.SUCCEEDED, State.SUCCEEDED, State.SUCCEEDED, State.FAILED, State.CANCELLED])


def mapped_over(graph: Graph) -> set[str]:
    return {str(binding) for step in graph.steps if step.fan for name, binding in step.inputs if name in step.fan.over}


@st.composite
def stories(draw: st.DrawFn, graph: Graph) -> Story:
    ids = [step.id for step in graph.steps]
    legs = [leg_id(step.id, index) for step in graph.steps if step.fan for index in range(MOST_LEGS)]
    cached = draw(st.sets(st.sampled_from(ids + legs))) if draw(st.booleans()) else frozenset()
    outputs = [f"{step.id}.{output.name}" for step in graph.steps for output in step.outputs]
    return Story(
        replace(graph, execution_mode=ExecutionMode.CONTINUE_ON_FAILURE),  # what another does hangs on which job ends first
        ends={step: draw(ENDS) for step in ids},
        values={output: draw(PLAIN) for output in outputs},
        cached=cached,
        lengths={output: draw(st.integers(0, MOST_LEGS)) for output in outputs if output in mapped_over(graph)},
        parameters={parameter.name: parameter.default for parameter in graph.parameters},
    )


@given(graph=graphs(conditional=True), data=st.data())
@settings(max_examples=EXAMPLES)
def test_packs_change_no_end(github_parser: GitHubParser, graph: Graph, data: st.DataObject) -> None:
    graph = replace(graph, steps=tuple(replace(step, settings=StepSettings()) for step in graph.steps))
    packs = chosen_packs(graph, Settings(), dict.fromkeys(graph.by_id, 0.01))
    story = data.draw(stories(with_packs(graph, Settings(), packs)))
    assume(not parameter_problems(graph.steps, story.parameters))
    github = GitHub(github_parser, story)
    states, read = run_locally(story)
    record = github.run()

    assert len(github.jobs.keys() & graph.by_id.keys()) == len(graph.steps) - sum(len(pack) - 1 for pack in packs)
    assert {step.step: _without_cache(step.state) for step in record.steps} == {
        step: _without_cache(state) for step, state in states.items()
    }
    assert {step: read[step] for step in github.read} == github.read


def _without_cache(state: State) -> State:
    """A step that shares its job with one that must run does not look for an earlier result."""
    return State.SUCCEEDED if state is State.CACHED else state


@given(graph=graphs(conditional=True, mapped=True), cache=st.sampled_from(CACHES), data=st.data())
@settings(max_examples=EXAMPLES)
def test_a_workflow_ends_as_a_local_run(github_parser: GitHubParser, graph: Graph, cache: Cache, data: st.DataObject) -> None:
    story = data.draw(stories(graph))
    assume(not parameter_problems(graph.steps, story.parameters))
    github = GitHub(github_parser, story, Settings(cache=cache))

    assert github_parser.errors(workflow_path(graph.pipeline), github.text) == []
    states, read = run_locally(story)
    record = github.run()
    assert {step.step: step.state for step in record.steps if index_of(step.step) is None} == states
    assert {step: read[step] for step in github.read} == github.read
    mapped = (step for step in graph.steps if step.fan and has_legs(states[step.id]))
    assert legs_in(record) == [(leg.step, leg.state) for step in mapped for leg in story.legs(step)]


def has_legs(state: State) -> bool:
    return state.has_outputs or state in (State.FAILED, State.CANCELLED)


def legs_in(record: RunRecord) -> list[tuple[str, State]]:
    return [(step.step, step.state) for step in record.steps if index_of(step.step) is not None]


@given(graph=graphs(conditional=True, mapped=True), cache=st.sampled_from(CACHES), data=st.data())
@settings(max_examples=EXAMPLES)
def test_what_ran_again_after_a_failure_ends_as_a_local_run_does(
    github_parser: GitHubParser, graph: Graph, cache: Cache, data: st.DataObject
) -> None:
    """The second attempt runs the failed jobs alone, and all below them; also where some of them fail again."""
    story = data.draw(stories(graph))
    story = replace(story, ends={**story.ends, data.draw(st.sampled_from([*graph.by_id])): State.FAILED})
    assume(not parameter_problems(graph.steps, story.parameters))
    github = GitHub(github_parser, story, Settings(cache=cache))
    first = github.run()
    broken = [step.step for step in first.steps if step.state in (State.FAILED, State.CANCELLED) and step.step in graph.by_id]
    if not broken:  # the step that was to fail was skipped, or an earlier run had its result: there is nothing to run again
        return
    ends = {step: data.draw(ENDS) if not story.cached else State.SUCCEEDED for step in broken}

    record = github.run_again(ends)

    states, read = run_locally(github.story)
    assert {step.step: step.state for step in record.steps if index_of(step.step) is None} == states
    assert {step: read[step] for step in github.read} == github.read
    done = {step.step for step in first.steps if step.state is State.SUCCEEDED and step.step not in graph.mapped}
    assert done <= {step.step for step in record.steps if step.attempt == 1}


@pytest.mark.parametrize("names", ["load", "load clean", "load clean train"])
def test_below_cached_steps_nothing_runs_where_one_was_cancelled_that_they_only_come_after(github_parser: GitHubParser, names: str) -> None:
    migrate = a_step("migrate", settings=StepSettings(cache=False))
    steps = [migrate, a_step("load", after=["migrate"]), a_step("clean", ["load"]), a_step("train", ["clean"], after=["migrate"])]
    graph = a_graph(*steps, a_step("report", ["train"], settings=StepSettings(cache=False)))
    story = Story(graph, ends={"migrate": State.CANCELLED}, cached=frozenset(names.split()))
    github = GitHub(github_parser, story, Settings(cache="plan"))

    record = github.run()

    assert {step.step: step.state for step in record.steps} == run_locally(story)[0]
    assert github.read == {"migrate": ()}
