from __future__ import annotations

import re

from orch.workflow.actions import check_actions, check_inputs, known_actions
from orch.workflow.model import ActionRef, Concurrency, Job, Triggers, Uses, Workflow


def test_every_known_action_is_pinned_to_a_commit_with_its_version() -> None:
    assert set(known_actions()) == {"actions/cache", "actions/checkout", "actions/download-artifact", "actions/upload-artifact"}
    for action in known_actions().values():
        assert re.fullmatch(r"[0-9a-f]{40}", action.ref.sha)
        assert re.fullmatch(r"v\d+\.\d+\.\d+", action.ref.version)
        assert re.fullmatch(rf"https://github.com/{action.ref.name}/blob/[0-9a-f]{{40}}/action.yml", action.source)
        assert action.required <= action.inputs


def test_an_input_that_an_action_does_not_have_is_found() -> None:
    (problem,) = check_inputs("actions/checkout@abc", ["fetch-depth", "persist_credentials"])

    assert problem.message == "'actions/checkout' has no input 'persist_credentials'"
    assert "persist-credentials" in problem.hint


def test_an_input_that_an_action_needs_is_missed() -> None:
    assert [problem.message for problem in check_inputs("actions/cache@abc", ["path"])] == ["'actions/cache' needs the input 'key'"]


def test_actions_that_are_not_known_pass() -> None:
    assert list(check_inputs("./", ["x"])) == []


def test_a_workflow_is_checked_once_for_each_use() -> None:
    job = Job("r", (Uses(ActionRef("actions/cache", "a" * 40), {"kee": "x", "path": "p"}),), 5)
    workflow = Workflow("w", Triggers(), Concurrency("g"), {"a": job, "b": job})

    assert [problem.message for problem in check_actions(workflow)] == [
        "'actions/cache' has no input 'kee'",
        "'actions/cache' needs the input 'key'",
    ]
