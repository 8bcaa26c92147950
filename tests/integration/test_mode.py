"""`orch mode check` and `orch mode cancel`, against a server that answers as GitHub's API does."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.web_server import Reply, WebServer, serving

from orch.errors import RemoteError
from orch.model.records import StepRecord
from orch.runtime import mode

GRAPH = {
    "schema": 1,
    "pipeline": "churn",
    "source": "churn.py:churn",
    "project": ".",
    "parameters": [],
    "triggers": [],
    "execution_mode": "stop_on_failure",
    "steps": [{"id": name, "source": f"churn.py:{name}", "inputs": [], "outputs": []} for name in ("load", "train")],
}
Job = Callable[..., tuple[int, str]]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """One command in a job of the run 7: its exit code and what it printed."""
    (tmp_path / "churn.json").write_text(json.dumps(GRAPH))

    def run(server: WebServer, command: Callable[..., int], *arguments: str) -> tuple[int, str]:
        stdout = io.StringIO()
        environment = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_RUN_ID": "7",
            "GITHUB_RUN_ATTEMPT": "2",
            "RUNNER_NAME": "mine",
            "GITHUB_API_URL": server.url,
            "GITHUB_REPOSITORY": "org/churn",
            "GITHUB_TOKEN": "ghs_1",
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        }
        return command(list(arguments), environment, stdout), stdout.getvalue()

    return run


def check(job: Job, server: WebServer, folder: Path) -> tuple[int, str]:
    return job(server, mode.check, "--graph", str(folder / "churn.json"), "--step", "train", "--record", str(folder / "record"))


def jobs(*ended: tuple[str, str | None]) -> Reply:
    listed: list[dict[str, Any]] = [{"name": name, "conclusion": conclusion, "status": "completed"} for name, conclusion in ended]
    return Reply(body={"total_count": len(listed), "jobs": listed})


def test_where_no_job_has_failed_nothing_is_written_after_one_request(tmp_path: Path, job: Job) -> None:
    with serving(WebServer(jobs(("load", "success"), ("train", None)))) as server:
        assert check(job, server, tmp_path) == (0, "")

    assert server.paths == ["GET /repos/org/churn/actions/runs/7/jobs"]
    assert server.asked[0].query["filter"] == "latest"
    assert not (tmp_path / "record").exists()


def test_where_one_has_the_step_is_skipped_and_its_job_fails(tmp_path: Path, job: Job) -> None:
    with serving(WebServer(jobs(("load", "failure"), ("train", None)))) as server:
        code, said = check(job, server, tmp_path)

    record = StepRecord.read((tmp_path / "record" / "record.json").read_bytes())
    why = "not started, because load failed and the execution mode is stop_on_failure"
    assert (code, str(record.state), record.reason, record.attempt) == (1, "skipped", why, 2)
    assert f"::notice title=step train was not started::{why}" in said
    assert "skipped" in (tmp_path / "output").read_text()
    assert "skipped" in (tmp_path / "summary.md").read_text()


def test_without_an_answer_the_step_does_not_start_and_its_record_says_why(tmp_path: Path, job: Job) -> None:
    with serving(WebServer(Reply(403, {"message": "Resource not accessible by integration"}))) as server:
        code, said = check(job, server, tmp_path)

    record = StepRecord.read((tmp_path / "record" / "record.json").read_bytes())
    assert record.failure is not None
    assert (code, str(record.state), record.failure.cause) == (5, "failed", "remote")
    assert record.failure.message.startswith("whether another job has failed is not known: GitHub answered 403")
    assert "`actions: read`" in record.failure.message
    assert "::error title=step train was not started::" in said


@pytest.mark.parametrize("status", [202, 409])
def test_a_run_is_cancelled_whoever_was_first(job: Job, status: int) -> None:
    with serving(WebServer(Reply(status, {}))) as server:
        code, said = job(server, mode.cancel)

    assert (code, server.paths) == (0, ["POST /repos/org/churn/actions/runs/7/cancel"])
    assert "the run is cancelled" in said


def test_a_fork_that_may_not_cancel_is_told_what_is_missing(job: Job) -> None:
    with (
        serving(WebServer(Reply(403, {"message": "Resource not accessible by integration"}))) as server,
        pytest.raises(RemoteError) as raised,
    ):
        job(server, mode.cancel)

    assert "`actions: write`" in raised.value.hint
    assert "forks" in raised.value.hint
