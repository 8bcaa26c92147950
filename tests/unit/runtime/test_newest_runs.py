from __future__ import annotations

import pytest

from orch.errors import RemoteError
from orch.model.canonical import Json
from orch.runtime.api import Api
from orch.runtime.here import Here
from orch.runtime.newest_runs import PAGE, NewestRuns

HERE = Here("acme/churn", ".github/workflows/p.yml", "7", 1, ("main",))


class GitHub(Api):
    def __init__(self, answer: Json) -> None:
        self.answer = answer
        self.asked = 0

    def get(self, *_: object, needs: str) -> Json:
        self.asked += bool(needs)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_runs_are_listed_once() -> None:
    github = GitHub({"workflow_runs": [{"id": 8}, {"id": 7}, "no run"]})
    newest = NewestRuns(lambda: github, HERE)

    assert (newest.this(), newest.all(), newest.are_all) == ({"id": 7}, [{"id": 8}, {"id": 7}], True)
    assert github.asked == 1


def test_a_page_that_is_full_need_not_have_all() -> None:
    newest = NewestRuns(lambda: GitHub({"workflow_runs": [{"id": number} for number in range(100, 100 + PAGE)]}), HERE)

    assert (newest.this(), newest.are_all) == (None, False)


def test_a_server_that_does_not_answer_is_not_asked_again() -> None:
    github = GitHub(RemoteError("no answer"))
    newest = NewestRuns(lambda: github, HERE)

    for _ in range(2):
        with pytest.raises(RemoteError, match="no answer"):
            newest.all()
    assert github.asked == 1
