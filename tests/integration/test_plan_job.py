"""`orch decide run` as the plan job starts it, and a server that does not always answer as it should."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from support.github_api import GitHub
from support.jobs import TOOLKIT
from support.modules import graph_of
from support.web_server import Asked, Reply, WebServer, serving

from orch.model.artifacts import Artifact
from orch.model.index import Entry, Kept
from orch.names import index_artifact
from orch.replay.act.server import answer

CODE: Final = """
    from orch import pipeline, step

    @step
    def load() -> int:
        return 1

    @step
    def double(x: int) -> int:
        return 2 * x

    @pipeline
    def p() -> None:
        double(load())
"""
RUN: Final = {"load": "run", "double": "maybe"}


class PlanJob:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.github = GitHub(folder)
        (folder / "project").mkdir()
        self.compile(CODE)
        self.paths: list[str] = []
        self.trouble: Callable[[Asked], Reply | None] = lambda _: None

    def compile(self, code: str) -> None:
        (self.folder / "graph.json").write_text(graph_of(self.folder / "project", code).text())

    def answer(self, asked: Asked) -> Reply:
        self.paths.append(asked.path.removeprefix("/repos/acme/churn/"))
        if (trouble := self.trouble(asked)) is not None:
            return trouble
        query = "&".join(f"{name}={value}" for name, value in asked.query.items())
        target = f"{asked.path}?{query}" if query else asked.path
        reply = answer(self.github.kept.routes, "acme/churn", "token", asked.method, target, asked.headers.get("authorization", ""), b"")
        return Reply(reply.status, reply.body, reply.headers)

    def run(self, **more: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
        output = self.folder / "output"
        output.write_text("")
        with serving(WebServer(answer=self.answer)) as server:
            environment = {
                "PYTHONPATH": str(TOOLKIT),
                "GITHUB_ACTIONS": "true",
                "GITHUB_API_URL": server.url,
                "GITHUB_REPOSITORY": "acme/churn",
                "GITHUB_WORKFLOW_REF": "acme/churn/.github/workflows/p.yml@refs/heads/main",
                "GITHUB_REF_NAME": "main",
                "GITHUB_RUN_ID": "99",
                "GITHUB_TOKEN": "token",
                "GITHUB_OUTPUT": str(output),
            }
            options = [f"--graph={self.folder / 'graph.json'}", f"--project={self.folder / 'project'}", f"--output={self.folder / 'plan'}"]
            done = subprocess.run(
                [sys.executable, "-P", "-m", "orch", "decide", "run", *options, "--cache=plan", "--runners=ubuntu-24.04"],
                cwd=self.folder,
                env={**os.environ, **environment, **more},
                capture_output=True,
                text=True,
                check=False,
            )
        lines = iter(output.read_text().splitlines())
        said: dict[str, Any] = {}
        for line in lines:
            name, _, delimiter = line.partition("<<")
            said[name] = "\n".join(iter(lambda: next(lines), delimiter))
        return done, json.loads(said.get("plan", "{}"))


@pytest.fixture
def job(tmp_path: Path) -> PlanJob:
    made = PlanJob(tmp_path)
    made.github.run(1)
    kept = (Kept(1, "orch-p-load-a1", "2999-01-01T00:00:00Z"),)
    facts = {"python": "3.12", "platform": "linux-x86_64"}
    output = Artifact(f"sha256:{'a' * 64}", 1, "json")
    made.github.upload_index(1, [Entry(f"sha256:{'1' * 64}", "p", "load", "1", "", facts, {"output": output}, artifacts=kept)])
    return made


def test_a_plan_says_what_has_changed(job: PlanJob) -> None:
    done, plan = job.run()

    assert (done.returncode, done.stderr, plan) == (0, "", RUN)
    assert "load: run (" in done.stdout
    assert (job.folder / "plan" / "index.jsonl").read_bytes().count(b"\n") == 1


def only(ending: str, reply: Reply, times: int) -> Callable[[Asked], Reply | None]:
    left = [reply] * times
    return lambda asked: left.pop() if asked.path.endswith(ending) and left else None


@pytest.mark.parametrize(
    "trouble",
    [only("/runs", Reply(hang_up=True), 1), only("/runs", Reply(502), 1), only("/zip", Reply(200, b"x" * 100, cut=True), 1)],
    ids=["hangs up", "502", "ends in the middle"],
)
def test_what_passes_is_waited_for(job: PlanJob, trouble: Callable[[Asked], Reply | None]) -> None:
    job.trouble = trouble

    done, plan = job.run()

    assert (done.returncode, plan) == (0, RUN)
    assert "::warning" not in done.stdout
    assert "try 2 of 5" in done.stdout


@pytest.mark.parametrize("status", [401, 403, 404])
def test_where_the_api_refuses_all_steps_run_and_the_log_says_why(job: PlanJob, status: int) -> None:
    job.trouble = only("/runs", Reply(status, {"message": "no"}), 99)

    done, plan = job.run()

    assert (done.returncode, plan) == (0, RUN)
    assert f"::warning title=orch::results of earlier runs are not used: GitHub answered {status}" in done.stdout


def test_an_archive_that_is_none_is_told(job: PlanJob) -> None:
    number = 4000 + 1
    job.github.replace(number, index_artifact("p", 1), b"PK nonsense")

    done, plan = job.run()

    assert (done.returncode, plan) == (0, RUN)
    assert "::warning title=orch::the index of run 1 is not used: " in done.stdout


def test_without_a_token_nothing_is_asked(job: PlanJob) -> None:
    done, plan = job.run(GITHUB_TOKEN="")

    assert (done.returncode, plan) == (0, {"load": "run", "double": "run"})
    assert "::warning title=orch::results of earlier runs are not used: GITHUB_TOKEN is not set" in done.stdout


def test_the_token_is_in_nothing_that_is_said(job: PlanJob) -> None:
    secret = "ghs_0123456789abcdef"
    job.trouble = only("/runs", Reply(403, {"message": f"{secret} is no good"}), 99)

    done, _ = job.run(GITHUB_TOKEN=secret)

    assert secret not in done.stdout + done.stderr


NIGHTLY: Final = CODE.replace("import pipeline, step", "import Schedule, pipeline, step").replace(
    "@pipeline", "@pipeline(schedule=Schedule('30 2 * * *'))"
)


def asked(job: PlanJob) -> list[str]:
    """The requests to the API, without those to its storage."""
    return [path for path in job.paths if not path.startswith("/storage/")]


def test_a_schedule_costs_no_request_more(job: PlanJob) -> None:
    """The list of runs says when this one was made, and which scheduled ones there were."""
    job.run()
    unscheduled, job.paths = asked(job), []
    job.compile(NIGHTLY)
    job.github.run(99, event="schedule")
    event = job.folder / "event.json"
    event.write_text(json.dumps({"schedule": "30 2 * * *"}))

    done, plan = job.run(GITHUB_EVENT_NAME="schedule", GITHUB_EVENT_PATH=str(event))

    assert (done.returncode, plan) == (0, RUN)
    assert asked(job) == unscheduled == ["actions/workflows/p.yml/runs", "actions/artifacts", "actions/artifacts/4001/zip"]


@pytest.mark.parametrize("runs", [1, 250])
def test_a_plan_asks_five_times_at_most_however_many_runs_there_were_and_whatever_it_has_to_find_out(job: PlanJob, runs: int) -> None:
    """A scheduled run that did not start, results of two branches and of several runs."""
    job.compile(NIGHTLY)
    for number in range(2, 2 + runs):
        job.github.run(number, head_branch="topic" if number % 2 else "main", event="push")
        job.github.upload_index(number, [])
    job.github.run(1000, event="schedule", created_at="2026-11-01T02:30:00Z", head_branch="topic")
    job.github.run(1001, event="schedule")
    event = job.folder / "event.json"
    event.write_text(json.dumps({"schedule": "30 2 * * *"}))

    done, plan = job.run(GITHUB_EVENT_NAME="schedule", GITHUB_EVENT_PATH=str(event), GITHUB_RUN_ID="1001")

    assert (done.returncode, plan) == (0, RUN)
    assert len(asked(job)) <= 5
    assert [path for path in job.paths if path.endswith("/zip")] != []
