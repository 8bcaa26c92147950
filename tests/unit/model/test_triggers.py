"""What starts a workflow is refused where it is written, if it is nothing that could."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orch.model.triggers import MergeGroup, PullRequest, Push, RepositoryDispatch, Schedule

MADE: list[tuple[Callable[[Any], object], object, str]] = [
    (lambda given: Push(branches=given), "main", "branches is 'main', expected a list of texts, as branches=['main']"),
    (lambda given: PullRequest(paths=given), "src/**", "paths is 'src/**', expected a list of texts, as paths=['src/**']"),
    (MergeGroup, [1], "branches is [1], expected a list of texts"),
    (RepositoryDispatch, "arrived", "types is 'arrived', expected a list of texts, as types=['arrived']"),
    (Schedule, 5, "cron_expression is 5, expected text, as in Schedule("),
    (lambda given: Schedule("0 2 * * *", given), 1, "timezone is 1, expected text, as in Schedule("),
]


@pytest.mark.parametrize(("make", "given", "message"), MADE, ids=[message for _, _, message in MADE])
def test_a_text_is_no_list_and_a_number_no_text(make: Callable[[Any], object], given: object, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        make(given)

    assert str(caught.value).startswith(message)
