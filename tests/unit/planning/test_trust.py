"""Whose results are used: a table of what GitHub's API may say of a run."""

from __future__ import annotations

from typing import Any

import pytest

from orch.planning.trust import EVENTS, Trust

OURS = {"full_name": "Acme/churn"}
TRUST = Trust("acme/churn", ".github/workflows/churn.yml", frozenset({"main", "feature"}))
GOOD: dict[str, Any] = {
    "id": 7,
    "repository": OURS,
    "head_repository": OURS,
    "path": ".github/workflows/churn.yml",
    "event": "push",
    "head_branch": "main",
}


@pytest.mark.parametrize("event", sorted(EVENTS))
@pytest.mark.parametrize("branch", ["main", "feature"])
def test_a_run_of_our_code_on_a_trusted_branch_is_trusted(event: str, branch: str) -> None:
    assert TRUST.doubt(GOOD | {"event": event, "head_branch": branch}) == ""


def test_a_path_may_name_the_ref_that_it_was_read_at() -> None:
    assert TRUST.doubt(GOOD | {"path": ".github/workflows/churn.yml@refs/heads/main"}) == ""


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"head_repository": {"full_name": "mallory/churn"}}, "its code came from a fork"),
        ({"head_repository": None}, "its code came from a fork"),
        ({"head_repository": {"full_name": ["Acme/churn"]}}, "its code came from a fork"),
        ({"repository": {"full_name": "acme/other"}}, "it is of another repository"),
        ({"repository": None}, "it is of another repository"),
        ({"path": ".github/workflows/other.yml"}, "it is of another workflow"),
        ({"path": "evil/.github/workflows/churn.yml"}, "it is of another workflow"),
        ({"path": None}, "it is of another workflow"),
        ({"event": "pull_request_target"}, "what started it is 'pull_request_target', which is not trusted"),
        ({"event": "workflow_run"}, "what started it is 'workflow_run', which is not trusted"),
        ({"event": "issue_comment"}, "what started it is 'issue_comment', which is not trusted"),
        ({"event": None}, "what started it is 'None', which is not trusted"),
        ({"head_branch": "other"}, "it is of the branch 'other', which is not trusted here"),
        ({"head_branch": None}, "it is of the branch 'None', which is not trusted here"),
        ({"head_branch": ["main"]}, "it is of the branch \"['main']\", which is not trusted here"),
    ],
)
def test_any_other_run_is_not(said: dict[str, Any], why: str) -> None:
    assert TRUST.doubt(GOOD | said) == why


@pytest.mark.parametrize("said", [None, [], "x", 7, {}])
def test_what_is_no_run_is_not_trusted(said: Any) -> None:
    assert TRUST.doubt(said)
