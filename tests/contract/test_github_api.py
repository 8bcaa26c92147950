"""What `orch act` answers to jobs, and what jobs ask, beside GitHub's own description of its API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import jsonschema
import pytest
from support import tools
from support.github_api import NOW, REPOSITORY, GitHub

from orch.model.artifacts import Artifact
from orch.model.index import Entry, Kept
from orch.replay.act.issues import Issues
from orch.replay.act.jobs import Jobs
from orch.replay.act.listening import JobEnded, JobStarted
from orch.replay.act.server import Reply, answer
from orch.runtime.earlier import missing, read_earlier
from orch.runtime.fetching import fetcher
from orch.runtime.here import Here

DESCRIPTION: Final = tools.PARSER / "node_modules/@octokit/openapi/generated/api.github.com.json"
HERE: Final = Here("acme/churn", ".github/workflows/p.yml", "9", 1, ("main",))
# Of a run there is more than anybody asks for: the stand-in has what jobs read.
PARTLY: Final = ("workflow-run", "minimal-repository", "job", "issue", "issue-comment", "nullable-simple-user")


@cache
def described() -> Any:
    if not DESCRIPTION.is_file():
        reason = "GitHub's description of its API is not on this machine: npm ci --ignore-scripts --prefix tests/parser"
        if tools.REQUIRED:
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return json.loads(DESCRIPTION.read_bytes())


def resolved(part: Any, *, strict: bool = True) -> Any:
    """A schema without references, in the words of JSON Schema; of what is given in part, nothing is required."""
    if isinstance(part, list):
        return [resolved(each, strict=strict) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        found = described()
        for key in part["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        return resolved(found, strict=strict and name not in PARTLY)
    made = {key: resolved(value, strict=strict) for key, value in part.items() if key not in ("example", "examples", "nullable")}
    if not strict:
        made.pop("required", None)
    return {"anyOf": [{"type": "null"}, made]} if part.get("nullable") else made


def operation(method: str, path: str) -> tuple[str, Any]:
    """What the description has for a request, and for which path."""
    for template, methods in described()["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
        if method.lower() in methods and re.fullmatch(pattern, f"/repos/{REPOSITORY}/{path}"):
            return template, methods[method.lower()]
    raise AssertionError(f"GitHub has no {method} {path}")


def check(method: str, path: str, reply: Reply) -> None:
    _, found = operation(method, path)
    assert str(reply.status) in found["responses"], (path, reply.status)
    content = resolved(found["responses"][str(reply.status)]).get("content", {})
    if schema := content.get("application/json", {}).get("schema"):
        jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(reply.body)


@pytest.fixture
def github(tmp_path: Path) -> GitHub:
    github = GitHub(tmp_path)
    github.run(1)
    github.run(2, head_branch="feature")
    return github


def ask(github: GitHub, path: str) -> Reply:
    return answer(github.kept.routes, REPOSITORY, "token", "GET", f"/repos/{REPOSITORY}/{path}", "Bearer token", b"")


def test_what_is_answered_about_runs_and_artifacts_has_the_form_of_githubs_answers(github: GitHub) -> None:
    number = github.upload(1, "orch-p-load-a1", {"record.json": b"{}"})
    asked = [
        "actions/workflows/p.yml/runs",
        "actions/runs/1",
        "actions/runs/1/artifacts",
        "actions/artifacts",
        f"actions/artifacts/{number}",
        f"actions/artifacts/{number}/zip",
    ]

    for path in asked:
        reply = ask(github, path)
        assert reply.status in (200, 302), path
        check("GET", path, reply)


def test_an_artifact_that_has_expired_is_told_as_github_tells_it(github: GitHub, tmp_path: Path) -> None:
    number = github.upload(1, "orch-p-load-a1", {"record.json": b"{}"}, retention=1)
    late = GitHub(tmp_path, now=NOW + 2 * 86400)

    reply = ask(late, f"actions/artifacts/{number}/zip")

    assert reply.status == 410
    check("GET", f"actions/artifacts/{number}/zip", reply)
    assert ask(late, f"actions/artifacts/{number}").body["expired"] is True


def test_what_is_answered_about_jobs_has_the_form_of_githubs_answers() -> None:
    jobs = Jobs("1", 1, lambda: NOW, lambda: None)
    for heard in (JobStarted("load"), JobEnded("load", "failure"), JobStarted("train")):
        jobs.hear(heard)

    for method, path, status in (
        ("GET", "actions/runs/1/jobs", 200),
        ("POST", "actions/runs/1/cancel", 202),
        ("POST", "actions/runs/1/cancel", 409),
    ):
        reply = answer(jobs.routes, REPOSITORY, "token", method, f"/repos/{REPOSITORY}/{path}", "Bearer token", b"")
        assert reply.status == status
        check(method, path, reply)


def test_issues_are_asked_for_and_answered_as_github_does_it() -> None:
    routes = Issues().routes
    asked: tuple[tuple[str, str, Any, int], ...] = (
        ("POST", "issues", {"title": "Pipeline p fails", "body": "x", "labels": ["orch", "nightly"], "assignees": ["octocat"]}, 201),
        ("GET", "issues?labels=orch&state=all&sort=created&direction=asc&per_page=100&page=1", None, 200),
        ("POST", "issues/1/comments", {"body": "It failed again."}, 201),
        ("PATCH", "issues/1", {"state": "closed", "body": "x", "state_reason": "not_planned"}, 200),
        ("PATCH", "issues/2", {"state": "closed"}, 404),
        ("POST", "issues", {}, 422),
    )

    for method, target, body, status in asked:
        path, _, query = target.partition("?")
        _, found = operation(method, path)
        known = {each["name"]: each["schema"] for each in parameters(found) if each["in"] == "query"}
        for name, value in parse_qsl(query):
            jsonschema.validate(int(value) if value.isdecimal() else value, known[name])
        if body:
            jsonschema.validate(body, resolved(found["requestBody"]["content"]["application/json"]["schema"]))
        text = b"" if body is None else json.dumps(body).encode()
        reply = answer(routes, REPOSITORY, "token", method, f"/repos/{REPOSITORY}/{target}", "Bearer token", text)
        assert reply.status == status, target
        check(method, path, reply)


def parameters(found: Any) -> Iterator[Any]:
    for each in found.get("parameters", ()):
        yield resolved(each)


def test_jobs_ask_for_what_github_has_with_parameters_that_it_knows(github: GitHub, tmp_path: Path) -> None:
    kept = Kept(0, "orch-p-a-a1", "2027-03-01T00:00:00Z")
    entry = Entry(f"sha256:{'1' * 64}", "p", "a", "1", "", {}, {"output": Artifact(f"sha256:{'a' * 64}", 1, "json")}, artifacts=(kept,))
    github.run(3, run_attempt=2)
    github.upload_index(1, [entry])
    github.upload_index(3, [entry], attempt=2)
    number = github.upload(1, "orch-p-load-a1", {"record.json": b"{}"})
    api = github.api()
    read_earlier(api, HERE, "p", now=NOW)
    missing(api, [entry])
    with pytest.raises(Exception, match="record"), fetcher(github.api(), [("1", number)]) as found:
        found.outputs("load", "1", [number], tmp_path / "inputs")

    assert len({operation("GET", asked.partition("?")[0])[0] for asked in github.asked}) == 5
    for asked in github.asked:
        path, _, query = asked.partition("?")
        known = {each["name"]: each for each in parameters(operation("GET", path)[1]) if each["in"] == "query"}
        for name, value in parse_qsl(query):
            assert name in known, asked
            if name == "per_page":
                assert int(value) <= 100
