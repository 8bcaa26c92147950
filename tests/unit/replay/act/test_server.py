from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from orch.model.canonical import Json
from orch.replay.act.jobs import Jobs
from orch.replay.act.listening import JobEnded, JobFailing, JobStarted
from orch.replay.act.server import Asked, Reply, Route, answer, page

TOKEN = "ghs_act1"


def ask(routes: tuple[Route, ...], method: str, target: str, *, token: str = TOKEN, body: Json = None) -> Reply:
    text = b"" if body is None else json.dumps(body).encode()
    return answer(routes, "local/churn", TOKEN, method, target, f"Bearer {token}", text)


def jobs_of(cancel: Callable[[], None] = lambda: None) -> Jobs:
    return Jobs("7", 1, lambda: 1_800_000_000.0, cancel)


def test_a_route_answers_its_own_method_and_whole_path_only() -> None:
    route = Route("POST", r"issues/(\d+)", lambda asked: Reply(201, {"found": list(asked.found), "body": asked.body, **asked.query}))

    assert ask((route,), "POST", "/repos/local/churn/issues/3?a=b", body={"x": 1}).body == {"found": ["3"], "body": {"x": 1}, "a": "b"}
    for method, path in (("GET", "issues/3"), ("POST", "issues/3/x"), ("POST", "x/issues/3")):
        assert ask((route,), method, f"/repos/local/churn/{path}").status == 404
    assert ask((route,), "POST", "/repos/local/other/issues/3").status == 404


def test_without_the_token_nothing_is_told() -> None:
    assert ask(jobs_of().routes, "GET", "/repos/local/churn/actions/runs/7/jobs", token="other").status == 401


def test_storage_needs_no_token() -> None:
    route = Route("GET", r"/storage/(\w+)", lambda asked: Reply(body=asked.found[0].encode()), signed=True)

    assert ask((route,), "GET", "/storage/abc", token="").body == b"abc"


def test_what_cannot_be_read_is_a_bad_request() -> None:
    def refuse(_: Asked) -> Reply:
        raise ValueError("no number")

    assert ask((Route("GET", "x", refuse),), "GET", "/repos/local/churn/x").status == 400


@pytest.mark.parametrize(
    ("query", "first", "count"), [({}, 0, 30), ({"per_page": "100"}, 0, 100), ({"per_page": "100", "page": "3"}, 200, 50)]
)
def test_a_list_comes_in_pages(query: dict[str, str], first: int, count: int) -> None:
    items: list[Json] = list(range(250))

    assert page(items, "jobs", query).body == {"total_count": 250, "jobs": items[first : first + count]}


def test_jobs_are_told_as_far_as_they_are() -> None:
    jobs = jobs_of()
    for heard in (JobStarted("load"), JobStarted("train"), JobFailing("train"), JobEnded("load", "success")):
        jobs.hear(heard)

    listed = ask(jobs.routes, "GET", "/repos/local/churn/actions/runs/7/jobs?per_page=100&page=1").body["jobs"]

    assert [(job["name"], job["status"], job["conclusion"]) for job in listed] == [
        ("load", "completed", "success"),
        ("train", "in_progress", None),
    ]
    assert [step["conclusion"] for step in listed[1]["steps"]] == ["failure"]
    assert ask(jobs.routes, "GET", "/repos/local/churn/actions/runs/8/jobs").status == 404


def test_a_run_is_cancelled_once() -> None:
    cancelled: list[str] = []
    jobs = jobs_of(lambda: cancelled.append("now"))

    statuses = [ask(jobs.routes, "POST", "/repos/local/churn/actions/runs/7/cancel").status for _ in range(2)]

    assert statuses == [202, 409]
    assert cancelled == ["now"]
    assert jobs.was_cancelled
