from __future__ import annotations

from pathlib import Path

import pytest
from support.modules import graph_of, problems_of

from orch import notify
from orch.model.graph import Graph
from orch.model.notices import Issue, Notice, Webhook

CODE = """
    def told() -> None: ...

    @step({step})
    def load() -> int: return 1

    @step
    def train(x: int) -> int: return x

    @pipeline({pipeline})
    def churn():
        train(load())
"""


def traced(folder: Path, *, step: str = "", pipeline: str = "") -> Graph:
    return graph_of(folder, CODE.format(step=step, pipeline=pipeline))


def test_a_pipelines_notices_are_told_once_of_the_run_and_are_no_hooks_of_steps(tmp_path: Path) -> None:
    graph = traced(tmp_path, pipeline='on_failure=notify.issue(labels=["nightly"]), on_success=notify.webhook(url_secret="CHAT_URL")')

    assert graph.notices == (Notice("failure", Issue(("nightly",))), Notice("success", Webhook("CHAT_URL")))
    assert all(step.settings.on_failure is None and step.settings.on_success is None for step in graph.steps)
    assert Graph.from_json(graph.to_json()) == graph


def test_beside_notices_a_hook_stays_the_hook_of_every_step(tmp_path: Path) -> None:
    graph = traced(tmp_path, pipeline="on_failure=[told, notify.issue()]")

    assert graph.notices == (Notice("failure", Issue()),)
    assert {step.settings.on_failure for step in graph.steps} == {"pipeline.py:told"}


def test_a_steps_notice_is_of_that_step_and_takes_the_place_of_the_pipelines_hook(tmp_path: Path) -> None:
    graph = traced(tmp_path, step="on_failure=notify.issue()", pipeline="on_failure=told")

    assert graph.notices == (Notice("failure", Issue(), ("load",)),)
    assert [step.settings.on_failure for step in graph.steps] == [None, "pipeline.py:told"]


def test_what_is_told_of_the_whole_run_is_not_told_of_a_step_too(tmp_path: Path) -> None:
    graph = traced(tmp_path, step="on_failure=notify.issue()", pipeline="on_failure=notify.issue()")

    assert graph.notices == (Notice("failure", Issue()),)


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        ("on_success=notify.issue()", "on_success is an issue"),
        ("on_failure=[told, told]", "on_failure has 2 functions"),
        ("on_failure=[notify.issue(), notify.issue(labels=['a'])]", "on_failure has 2 issues"),
        ("on_failure='mail'", "on_failure is 'mail'"),
        ("on_failure=notify.issue", "on_failure is a part of orch.notify, and not what it makes"),
        ("on_success=[notify]", "on_success is a part of orch.notify, and not what it makes"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_line(tmp_path: Path, pipeline: str, message: str) -> None:
    (problem,) = problems_of(tmp_path, CODE.format(step="", pipeline=pipeline))

    assert message in problem.message
    assert problem.hint
    assert problem.where is not None
    assert problem.where.path == "pipeline.py"


@pytest.mark.parametrize("name", ["https://hooks.example/T0/s3cret", "", "a-b", 5])
def test_a_webhook_takes_the_name_of_a_secret_and_no_address(name: str) -> None:
    with pytest.raises(TypeError, match="expected the name of a secret"):
        notify.webhook(url_secret=name)


@pytest.mark.parametrize("given", ["nightly", ["a,b"], ["x" * 51], [""], [5]])
def test_labels_are_those_that_github_takes(given: list[str]) -> None:
    with pytest.raises(TypeError, match="expected a list of labels"):
        notify.issue(labels=given)


@pytest.mark.parametrize("given", [["@octocat"], ["a--b"], ["-a"], ["org/team"]])
def test_assignees_are_logins(given: list[str]) -> None:
    with pytest.raises(TypeError, match="expected a list of logins"):
        notify.issue(assignees=given)


def test_names_keep_their_order_once() -> None:
    assert notify.issue(labels=["b", "a", "b"], assignees=["octo-cat", "renovate[bot]"]) == Issue(("b", "a"), ("octo-cat", "renovate[bot]"))
