from __future__ import annotations

import pytest

from orch.cli.arguments import parse_assignments
from orch.errors import Problems, UsageError


def test_a_value_is_all_after_the_first_equals_sign() -> None:
    assert parse_assignments(["a=1", "b=x=y", "c="]) == {"a": "1", "b": "x=y", "c": ""}


def test_all_assignments_that_are_none_and_all_repeats_are_told() -> None:
    with pytest.raises(Problems) as caught:
        parse_assignments(["a=1", "b", "=2", "a=3"])

    assert [problem.message for problem in caught.value.problems] == [
        "--set 'b' is not NAME=VALUE",
        "--set '=2' is not NAME=VALUE",
        "--set gives 'a' two values, '1' and '3'",
    ]


def test_one_problem_is_raised_by_itself() -> None:
    with pytest.raises(UsageError, match="--set 'b' is not NAME=VALUE"):
        parse_assignments(["b"])
