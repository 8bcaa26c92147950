from __future__ import annotations

import pytest

from orch.model.conditions import And, Condition, Not, Or, Succeeded
from orch.orchestrators.github.conditions import job_condition

A, B = Succeeded("a"), Succeeded("b")
GUARD = "!cancelled() && !failure()"


def test_a_job_without_needs_starts_by_githubs_own_rule() -> None:
    assert job_condition(And(()), []) == ""


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (And((A,)), f"{GUARD} && needs.a.result == 'success'"),
        (And((A, B)), f"{GUARD} && needs.a.result == 'success' && needs.b.result == 'success'"),
        (Or((A, B)), f"{GUARD} && (needs.a.result == 'success' || needs.b.result == 'success')"),
        (And((A, Not(B))), f"{GUARD} && needs.a.result == 'success' && !(needs.b.result == 'success')"),
    ],
)
def test_a_condition_is_printed_behind_the_guard(condition: Condition, text: str) -> None:
    assert job_condition(condition, ["a", "b"]) == "${{ " + text + " }}"


def test_what_a_path_of_other_jobs_demands_is_not_said_again() -> None:
    assert job_condition(And((A, B)), ["b"]) == "${{ !cancelled() && !failure() && needs.b.result == 'success' }}"
