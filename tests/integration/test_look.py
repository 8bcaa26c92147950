"""The job of a step that looks for an earlier result, and a server that does not let it, as where a caller permits less."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import pytest
from support.modules import graph_of
from support.web_server import Reply, WebServer, serving

from orch.runtime import look

CODE: Final = """
    from orch import pipeline, step

    @step
    def load() -> int:
        return 1

    @pipeline
    def p() -> None:
        load()
"""


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_job_that_may_not_ask_runs_its_step_and_says_why(tmp_path: Path, status: int) -> None:
    (tmp_path / "graph.json").write_text(graph_of(tmp_path / "project", CODE).text())
    places = {name: tmp_path / name for name in ("project", "inputs", "outputs", "record")}
    options = {"graph": tmp_path / "graph.json", "step": "load", "decision": "look", **places}
    stdout = io.StringIO()
    with serving(WebServer(answer=lambda _: Reply(status, {"message": "Resource not accessible by integration"}))) as github:
        environment = {
            "GITHUB_API_URL": github.url,
            "GITHUB_REPOSITORY": "acme/churn",
            "GITHUB_WORKFLOW_REF": "acme/churn/.github/workflows/p.yml@refs/heads/main",
            "GITHUB_TOKEN": "token",
            "GITHUB_OUTPUT": str(tmp_path / "output"),
        }
        assert look.main([part for name, value in options.items() for part in (f"--{name}", str(value))], environment, stdout) == 0

    assert f"no earlier result is looked for: GitHub answered {status} to GET " in stdout.getvalue()
    assert "Resource not accessible by integration" in stdout.getvalue()
    assert "false" in (tmp_path / "output").read_text().splitlines()
    assert not (tmp_path / "outputs").exists()
