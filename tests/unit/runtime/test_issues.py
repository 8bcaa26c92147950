from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.model.graph import Graph, Step
from orch.model.records import Failure, StepRecord
from orch.model.runs import RunInfo, RunRecord
from orch.model.states import State
from orch.runtime import issues
from orch.runtime.issues import Known, Told, decide, find, mark

GRAPH = Graph("churn", "churn.py:churn", (Step("load", "churn.py:load"), Step("train", "churn.py:train")))
INFO = RunInfo("77", "churn", "github", url="https://github.com/org/churn/actions/runs/77")
FAILED = RunRecord(
    INFO,
    State.FAILED,
    (
        StepRecord("load", State.SUCCEEDED),
        StepRecord("train", State.FAILED, failure=Failure("exception", "no rows", "ValueError", file="churn.py", line=7)),
    ),
)
SUCCEEDED = RunRecord(INFO, State.SUCCEEDED, (StepRecord("load", State.SUCCEEDED), StepRecord("train", State.SUCCEEDED)))
BEFORE = Told(70, 1, ("train",), 3)


def issue(number: int = 1, *, body: str = f"{mark('churn')}\n", state: str = "open", bot: bool = True, **more: Any) -> dict[str, Any]:
    return {"number": number, "state": state, "body": body, "user": {"type": "Bot" if bot else "User"}, **more}


# --- finding it ---


def test_the_issue_is_found_by_its_mark_and_says_what_was_told() -> None:
    opened = decide(None, FAILED, GRAPH, failed=True)
    assert opened is not None

    known = find("churn", [issue(4, body="something else"), issue(5, body=opened.body.replace("\n", "\r\n"), state="closed")])

    assert known == Known(5, is_open=False, told=Told(77, 1, ("train",), 1), body=opened.body)


@pytest.mark.parametrize(
    "other",
    [
        issue(bot=False),
        issue(body=f"{mark('churn_2')}\n"),
        issue(body=f"quoting {mark('churn')}\n"),
        issue(pull_request={}),
        issue(body=""),
        {"number": 1, "body": None, "user": None},
    ],
)
def test_what_people_write_is_no_issue_of_ours(other: dict[str, Any]) -> None:
    assert find("churn", [other]) is None


def test_of_several_the_first_one_counts() -> None:
    known = find("churn", [issue(9), issue(3), issue(5)])

    assert known
    assert known.number == 3


@pytest.mark.parametrize(
    "told", ["{", '{"run": 1}', '{"run": "x", "attempt": 1, "failed": [], "times": 1}', "[]", '{"run": 1, "attempt": 1, "failed": 5}']
)
def test_a_text_that_somebody_has_edited_is_still_the_issue(told: str) -> None:
    body = f"{mark('churn')}\n<!-- orch-told: {told} -->\n"

    assert find("churn", [issue(body=body)]) == Known(1, is_open=True, told=None, body=body)


# --- what becomes of it ---


def test_a_first_failure_opens_it() -> None:
    change = decide(None, FAILED, GRAPH, failed=True)

    assert change is not None
    assert (change.number, change.state, change.comment) == (0, "", "")
    assert change.body.startswith("<!-- orch-pipeline: churn -->\n<!-- orch-told: ")
    assert "[run 77](https://github.com/org/churn/actions/runs/77/attempts/1)" in change.body
    assert "| `train` | <code>ValueError&#58; no rows</code> at <code>churn&#46;py&#58;7</code> |" in change.body
    assert "orch act churn.py:churn --job train\n" in change.body


def test_a_failure_reopens_a_closed_one_and_says_so() -> None:
    change = decide(Known(5, is_open=False, told=BEFORE), FAILED, GRAPH, failed=True)

    assert change is not None
    assert (change.number, change.state) == (5, "open")
    assert change.comment.startswith("It failed again: [run 77](")
    assert "(`train`)" in change.comment
    assert '"times": 1' in change.body


def test_the_same_failure_once_more_is_told_in_the_text_alone() -> None:
    change = decide(Known(5, is_open=True, told=BEFORE), FAILED, GRAPH, failed=True)

    assert change is not None
    assert (change.state, change.comment) == ("", "")
    assert "the 4th failure in a row" in change.body


def test_another_failure_is_news() -> None:
    change = decide(Known(5, is_open=True, told=replace(BEFORE, failed=("load",))), FAILED, GRAPH, failed=True)

    assert change is not None
    assert change.comment.startswith("Now: ")


def test_a_success_closes_an_open_one_and_nothing_else() -> None:
    opened = decide(None, replace(FAILED, info=replace(INFO, run="70")), GRAPH, failed=True)
    assert opened is not None
    change = decide(Known(5, is_open=True, told=BEFORE, body=opened.body), SUCCEEDED, GRAPH, failed=False)

    assert change is not None
    assert (change.number, change.state) == (5, "closed")
    assert find("churn", [issue(body=change.body)]) == Known(1, is_open=True, told=Told(77, 1, (), 0), body=change.body)
    assert change.comment.startswith("It succeeded: [run 77](")
    assert decide(Known(5, is_open=False, told=BEFORE), SUCCEEDED, GRAPH, failed=False) is None
    assert decide(None, SUCCEEDED, GRAPH, failed=False) is None


@pytest.mark.parametrize("told", [Told(78, 1), Told(77, 1), Told(77, 2)])
def test_a_run_that_ends_after_a_later_one_changes_nothing(told: Told) -> None:
    for record, failed in ((FAILED, True), (SUCCEEDED, False)):
        assert decide(Known(5, is_open=True, told=told), record, GRAPH, failed=failed) is None


def test_without_a_record_the_text_says_where_to_look() -> None:
    change = decide(None, RunRecord(INFO, State.FAILED, ()), GRAPH, failed=True)

    assert change is not None
    assert "The run's record is missing" in change.body


# --- what it says ---

HOSTILE = "@everyone fixes #1 <!-- --> </code><script> [a](b) | `x` ```\n# closes #2\n- @org/team https://evil.example"


def test_what_an_error_says_stands_in_code_alone() -> None:
    step = StepRecord("train", State.FAILED, failure=Failure("exception", HOSTILE, "E@x", file="a`b@c.py", line=1))
    change = decide(None, RunRecord(INFO, State.FAILED, (step,)), GRAPH, failed=True)

    assert change is not None
    (row,) = (line for line in change.body.splitlines() if line.startswith("| `train`"))
    outside = row.replace("<code>", "\0").replace("</code>", "\0").split("\0")[::2]
    assert "".join(outside) == "| `train` |  at  |"
    assert not set("@#<[`") & set("".join(row.replace("<code>", "\0").replace("</code>", "\0").split("\0")[1::2]).replace("&#", ""))


@given(st.text(), st.text(max_size=50))
def test_no_message_ends_the_table_or_the_marks(message: str, kind: str) -> None:
    step = StepRecord("train", State.FAILED, failure=Failure("exception", message, kind))
    change = decide(None, RunRecord(INFO, State.FAILED, (step,)), GRAPH, failed=True)

    assert change is not None
    assert change.body.count("<!--") == change.body.count("-->") == 2
    assert find("churn", [issue(body=change.body)]) == Known(1, is_open=True, told=Told(77, 1, ("train",), 1), body=change.body)
    assert sum(line.startswith("| `") for line in change.body.splitlines()) == 1


def test_a_thousand_failures_fit_and_are_counted() -> None:
    steps = tuple(StepRecord(f"step_{number}", State.FAILED, failure=Failure("exception", "x" * 9999)) for number in range(1000))
    change = decide(None, RunRecord(INFO, State.FAILED, steps), GRAPH, failed=True)

    assert change is not None
    assert len(change.body) < 65_536
    assert "and 980 more" in change.body


def test_of_a_mapped_step_its_own_record_is_told_and_not_each_leg() -> None:
    steps = (
        StepRecord("train", State.FAILED, failure=Failure("exception", "2 of 3 legs failed")),
        *(StepRecord(f"train.{leg}", State.FAILED, failure=Failure("exception", "no")) for leg in (0, 2)),
    )
    change = decide(None, RunRecord(INFO, State.FAILED, steps), GRAPH, failed=True)

    assert change is not None
    assert "2 of 3 legs failed" in change.body
    assert "train.0" not in change.body
    assert '"failed": ["train"]' in change.body


def test_the_title_has_nothing_of_the_users_but_the_name() -> None:
    assert issues.title("churn") == "Pipeline churn fails"
    assert json.dumps(BEFORE.to_json(), sort_keys=True) == '{"attempt": 1, "failed": ["train"], "run": 70, "times": 3}'
