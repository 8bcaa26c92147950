"""What a step's record must not hold, and what a graph must not reach."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from support.local import run_module
from support.modules import write

from orch.authoring.load import load_graph, separate_modules
from orch.authoring.project import find_project
from orch.model.runs import RunRecord
from orch.orchestrators.local import run


def test_a_secret_that_a_step_returns_is_masked_in_the_preview(tmp_path: Path) -> None:
    ran = run_module(
        tmp_path,
        """
    import os

    @step(secrets=["TOKEN"])
    def leaks() -> str: return f"token {os.environ['TOKEN']}"

    @pipeline
    def p(): leaks()
""",
        environment={"TOKEN": "s3cr3t-value", "PATH": "/usr/bin:/bin"},
    )

    assert "***" in ran.preview("leaks")
    assert "s3cr3t-value" not in (ran.folder / "run.json").read_text()


@pytest.mark.parametrize("source", ["../outside.py:evil", "linked.py:evil", "{}/outside.py:evil"])
def test_a_graph_does_not_reach_code_outside_the_project(tmp_path: Path, source: str) -> None:
    (tmp_path / "outside.py").write_text("from pathlib import Path\nPath(__file__).with_name('ran').touch()\ndef evil(): ...\n")
    project = tmp_path / "project"
    file = write(project, "@step\ndef s() -> None: ...\n@pipeline\ndef p(): s()\n")
    (project / "linked.py").symlink_to(tmp_path / "outside.py")
    with separate_modules():
        graph = load_graph(str(file))
    forged = dataclasses.replace(graph, steps=(dataclasses.replace(graph.steps[0], source=source.format(tmp_path)),))

    record: RunRecord = run(forged, find_project(file), {}, jobs=1, home=project / ".orch", sink=lambda _event: None)

    failure = record.steps[0].failure
    assert failure is not None
    assert (failure.cause, failure.message) == ("import", f"no file {source.format(tmp_path).partition(':')[0]!r} in the project")
    assert not (tmp_path / "ran").exists()
