"""What docs/triggers.md shows compiles to what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from support import pages

import orch
from orch.authoring.load import load_graphs, separate_modules
from orch.model.triggers import Trigger
from orch.orchestrators.github.compile import compile_workflow
from orch.workflow.model import Workflow
from orch.workflow.text import emit

PAGE = "docs/triggers.md"
PROGRAM, CHOSEN = (block.text for block in pages.blocks(PAGE, "python"))
(COMMAND,) = (block.text for block in pages.blocks(PAGE, "console"))


@pytest.fixture
def workflow(tmp_path: Path) -> Workflow:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pipeline.py").write_text(PROGRAM, encoding="utf-8")
    with separate_modules():
        (graph,) = load_graphs(str(tmp_path / "pipeline.py"))
    return compile_workflow(graph)


def test_a_choice_among_environments_is_the_gates_own(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pipeline.py").write_text(CHOSEN, encoding="utf-8")
    with separate_modules():
        (graph,) = load_graphs(str(tmp_path / "pipeline.py"))
    gate = compile_workflow(graph).jobs["chosen-environment-where"]

    assert gate.deployment == "${{ fromJSON(needs.orch-plan.outputs.environments).where }}"


def rows(heading: str) -> set[str]:
    """What stands in the first column of the table with that heading."""
    lines = pages.text(PAGE).split(f"| {heading} |")[1].split("\n\n")[0].splitlines()[2:]
    return {name for line in lines for name in line.split("|")[1].replace("`", "").replace(" ", "").split(",")}


def test_the_page_shows_every_trigger() -> None:
    assert rows("trigger") == {kind.__name__ for kind in Trigger.__args__}
    assert all(hasattr(orch, name) for name in rows("trigger"))


def test_a_caller_reads_what_the_page_says(workflow: Workflow) -> None:
    assert workflow.triggers.workflow_call
    assert rows("output") == set(workflow.triggers.workflow_call.outputs) == set(workflow.jobs["orch-result"].outputs)


def test_the_program_has_the_form_that_the_page_describes(workflow: Workflow) -> None:
    assert workflow.triggers.workflow_dispatch
    assert {name: field.type for name, field in workflow.triggers.workflow_dispatch.inputs.items()} == {
        "rows": "number",
        "where": "environment",
        "logical_date": "string",
        "no_cache": "boolean",
    }


def test_the_step_that_needs_no_secret_waits_for_the_gate_and_the_other_asks_for_itself(workflow: Workflow) -> None:
    assert {name: job.deployment for name, job in workflow.jobs.items() if job.deployment} == {
        "environment-production": "production",
        "publish": "production",
    }
    assert "environment-production" in workflow.jobs["deploy"].needs
    assert workflow.concurrency.cancel_in_progress


def test_paths_are_not_githubs(workflow: Workflow) -> None:
    written = yaml.safe_load(emit(workflow, ""))[True]  # `on`, as PyYAML reads it

    assert (written["push"], written["pull_request"]) == ({"branches": ["main"]}, None)


def test_the_command_sends_an_event_of_the_type_that_starts_it(workflow: Workflow) -> None:
    assert workflow.triggers.repository_dispatch
    assert f"event_type={workflow.triggers.repository_dispatch.types[0]} " in COMMAND
