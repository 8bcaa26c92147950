"""GitHub's own parser answers as the other tests rely on."""

from __future__ import annotations

import pytest
from support.github_parser import GitHubParser

GOOD = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo\n"


def test_a_plain_workflow_is_accepted(github_parser: GitHubParser) -> None:
    assert github_parser.errors("x.yml", GOOD) == []


@pytest.mark.parametrize(
    ("before", "after", "error"),
    [
        ("steps:", "needs: b\n    steps:", "must contain at least one job with no dependencies"),
        ("steps:", "if: nope()\n    steps:", "Unrecognized function: 'nope'"),
        ("  a:", "  a b:", "The identifier 'a b' is invalid"),
        ("on: push", "on:\n  schedule:\n    - cron: never", "Invalid cron"),
        ("runs-on", "permissions: {actions: maybe}\n    runs-on", "Unexpected value 'maybe'"),
    ],
)
def test_what_github_refuses_is_refused(github_parser: GitHubParser, before: str, after: str, error: str) -> None:
    assert error in "\n".join(github_parser.errors("x.yml", GOOD.replace(before, after, 1)))


def test_an_action_without_a_shell_is_refused(github_parser: GitHubParser) -> None:
    text = "name: x\ndescription: x\nruns:\n  using: composite\n  steps:\n    - run: x\n"

    assert "Required property is missing: shell" in "\n".join(github_parser.errors("action.yml", text))


@pytest.mark.parametrize(("result", "cancelled", "value"), [("success", False, True), ("success", True, False), ("failure", False, False)])
def test_an_expression_is_evaluated(github_parser: GitHubParser, result: str, cancelled: bool, value: bool) -> None:
    context = {"needs": {"a": {"result": result}}}

    assert github_parser.evaluate("!cancelled() && needs.a.result == 'success'", context, cancelled=cancelled) is value
