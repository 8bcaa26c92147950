"""The plan job of a scheduled run, with a server in GitHub's place."""

from __future__ import annotations

import io
import json
from pathlib import Path

from support.steps import a_graph
from support.web_server import Asked, Reply, WebServer, serving

from orch.model.triggers import Schedule
from orch.runtime import plan


def test_a_run_tells_of_scheduled_ones_that_did_not_start(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        match asked.path:
            case "/repos/acme/models/actions/workflows/churn.yml/runs":
                runs = [{"id": 9, "created_at": "2026-11-21T13:00:00Z"}, {"id": 5, "created_at": "2026-11-18T02:40:00Z"}]
                return Reply(200, {"workflow_runs": [run | {"event": "schedule"} for run in runs]})
            case "/repos/acme/models/commits":
                return Reply(200, [{"commit": {"committer": {"date": "2026-10-01T00:00:00Z"}}}])
            case _:
                return Reply(404)

    graph = a_graph(triggers=[Schedule("30 2 * * *")], pipeline="churn")
    (tmp_path / "graph.json").write_text(graph.text())
    (tmp_path / "event.json").write_text(json.dumps({"schedule": "30 2 * * *"}))
    stdout = io.StringIO()
    with serving(WebServer(answer=answer)) as github:
        environment = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": github.url,
            "GITHUB_REPOSITORY": "acme/models",
            "GITHUB_TOKEN": "t0ken",
            "GITHUB_WORKFLOW_REF": "acme/models/.github/workflows/churn.yml@refs/heads/main",
            "GITHUB_RUN_ID": "9",
            "GITHUB_EVENT_NAME": "schedule",
            "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        }
        options = [
            "--graph",
            str(tmp_path / "graph.json"),
            "--project",
            str(tmp_path),
            "--output",
            str(tmp_path / "plan"),
            "--cache",
            "off",
        ]
        assert plan.main(options, environment, stdout) == 0

    told = "2 scheduled runs of churn did not start: 2026-11-20T02:30+00:00, 2026-11-19T02:30+00:00."
    assert f"::warning title=schedule::{told}" in stdout.getvalue()
    assert told in (tmp_path / "summary").read_text()
    assert "2026-11-21T02:30:00+00:00" in (tmp_path / "output").read_text()
    assert len(github.asked) == 2
