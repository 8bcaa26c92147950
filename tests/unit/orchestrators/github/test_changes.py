from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from support.graphs import graphs
from support.steps import a_graph, a_step

from orch.model.fans import Fan
from orch.model.graph import Graph
from orch.model.settings import StepSettings
from orch.model.triggers import Push
from orch.names import workflow_path
from orch.orchestrators.github.changes import graph_changes, graph_settings_changes, workflow_changes
from orch.orchestrators.github.compile import files
from orch.orchestrators.github.pins import Pins
from orch.stacks.settings import Settings
from orch.workflow.model import ActionRef

CHAIN = a_graph(a_step("load"), a_step("train", ["load"]), a_step("report", ["train"]))


def workflow(graph: Graph, settings: Settings | None = None, pins: Pins | None = None) -> str:
    return files(graph, settings, pins)[workflow_path(graph.pipeline)]


def test_a_new_step_is_a_job_and_what_waits_for_it() -> None:
    longer = a_graph(*CHAIN.steps, a_step("send", ["report"]))

    assert workflow_changes(workflow(CHAIN), workflow(longer)) == ["job 'send' added", "job 'orch-result': needs + send"]
    assert workflow_changes(workflow(longer), workflow(CHAIN)) == ["job 'orch-result': needs - send", "job 'send' removed"]
    assert graph_changes(CHAIN.text(), longer.text()) == ["step 'send' added"]


def test_one_change_of_several_jobs_is_one_line() -> None:
    text = workflow(CHAIN)
    other = text.replace("timeout-minutes: 60", "timeout-minutes: 50")

    assert workflow_changes(other, text) == ["jobs 'load', 'train', 'report': timeout-minutes 50 -> 60"]
    assert workflow_changes(text.replace("uses: actions/", "uses: octo/"), text)[0].startswith("all 4 jobs: steps.Check out.uses octo/")


def test_a_commit_is_told_by_its_version() -> None:
    pins = Pins().with_actions(ActionRef("actions/checkout", "b" * 40, "v7.1.0"))

    assert workflow_changes(workflow(CHAIN), workflow(CHAIN, pins=pins)) == [
        "all 4 jobs: steps.Check out.uses actions/checkout@v7.0.1 (3d3c42e) -> actions/checkout@v7.1.0 (bbbbbbb)"
    ]


def test_triggers_permissions_and_runners() -> None:
    before = workflow(CHAIN, Settings(cache="off"))
    pushed = workflow(a_graph(*CHAIN.steps, triggers=[Push(branches=["main"])]), Settings(cache="off", result_runner="small"))
    after = pushed.replace("permissions: {contents: read}", "permissions: {contents: write}", 1)

    assert workflow_changes(before, after) == [
        "on.push added",
        "job 'load': permissions.contents read -> write",
        "job 'orch-result': runs-on ubuntu-slim -> small",
    ]


def test_a_setting_of_a_step_shows_in_the_graph() -> None:
    kept = a_graph(a_step("load", settings=StepSettings(keep=True)), *CHAIN.steps[1:])

    assert graph_changes(CHAIN.text(), kept.text()) == ["step 'load': settings added"]


def test_what_a_step_is_mapped_over_shows_in_the_graph() -> None:
    load, train = CHAIN.steps[:2]
    mapped = a_graph(load, replace(train, fan=Fan(("x0",), max_parallel=2)), *CHAIN.steps[2:])
    wider = a_graph(load, replace(train, fan=Fan(("x0",), max_parallel=3)), *CHAIN.steps[2:])

    assert graph_settings_changes(CHAIN.text(), mapped.text()) == ["step 'train': fan added"]
    assert graph_settings_changes(mapped.text(), wider.text()) == ["step 'train': fan.max_parallel 2 -> 3"]


def test_layout_comments_and_order_are_no_change() -> None:
    text = workflow(CHAIN)

    assert workflow_changes(text, "# more\n" + text.replace(" # to read artifacts", " # so as to")) == []


@pytest.mark.parametrize("text", ["a: [", "a: b: c"])
def test_what_is_no_workflow_is_told_apart(text: str) -> None:
    with pytest.raises(ValueError, match="not YAML"):
        workflow_changes(text, workflow(CHAIN))


@pytest.mark.parametrize("text", ["", "[]", "a", "- a\n- b", "jobs: 3\non: push"])
def test_any_yaml_is_compared(text: str) -> None:
    assert workflow_changes(text, workflow(CHAIN))


@given(before=graphs(mapped=True), after=graphs())
@hypothesis_settings(max_examples=40)
def test_there_are_changes_exactly_where_the_meaning_differs(before: Graph, after: Graph) -> None:
    assert workflow_changes(workflow(before), workflow(before)) == graph_changes(before.text(), before.text()) == []
    assert bool(graph_changes(before.text(), after.text())) == (before.to_json() != after.to_json())
    assert all("\n" not in line for line in workflow_changes(workflow(before), workflow(after)))
