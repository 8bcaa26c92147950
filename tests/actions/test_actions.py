"""Our published actions: pinned, thin, documented, and nothing passed to another action that it does not take."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from orch.replay.act.action import job_steps
from orch.stacks.settings import Retention
from orch.workflow.actions import check_inputs, known_actions

ROOT: Final = Path(__file__).parents[2]
ACTIONS: Final = [ROOT / "action.yml", *sorted(ROOT.glob("actions/*/action.yml"))]

each_action = pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.parent.name)


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def test_there_are_the_actions_that_workflows_use() -> None:
    own = [path.parent.relative_to(ROOT).as_posix() for path in ACTIONS]

    assert own == [".", "actions/check", "actions/legs", "actions/notify", "actions/plan", "actions/result"]


@each_action
def test_every_action_it_uses_is_a_reviewed_commit_with_its_version(path: Path) -> None:
    used = re.findall(r"uses: (\S+?)@(\S+)(?: # (\S+))?\n", path.read_text(encoding="utf-8"))

    assert used or path.parent.name in ("plan", "legs")
    for name, commit, version in used:
        pin = known_actions()[name].ref
        assert (commit, version) == (pin.sha, pin.version)


@each_action
def test_it_passes_only_what_the_other_action_takes(path: Path) -> None:
    problems = [problem for step in job_steps(read(path)) if "uses" in step for problem in check_inputs(step["uses"], step.get("with", {}))]

    assert problems == []


@each_action
def test_nothing_is_interpolated_into_a_shell(path: Path) -> None:
    scripts = [step["run"] for step in job_steps(read(path)) if "run" in step]

    assert scripts
    assert [script for script in scripts if "${{" in script] == []
    assert [step["shell"] for step in job_steps(read(path)) if "run" in step] == ["bash"] * len(scripts)


@each_action
def test_the_shell_is_replaced_by_what_it_starts_so_that_signals_arrive(path: Path) -> None:
    assert all(step["run"].startswith("exec ") for step in job_steps(read(path)) if "run" in step)


@each_action
def test_every_input_is_documented_and_used(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    for name, said in read(path)["inputs"].items():
        assert said["description"].endswith("."), name
        assert re.search(rf"\binputs\.{re.escape(name)}\b(?!-)", text), name


@each_action
def test_every_output_is_documented_and_every_step_it_names_exists(path: Path) -> None:
    document = read(path)
    steps = {step.get("id") for step in job_steps(document)}

    for name, said in document.get("outputs", {}).items():
        assert said["description"].endswith("."), name
    assert set(re.findall(r"\bsteps\.(\w+)\.", path.read_text(encoding="utf-8"))) <= steps


@each_action
def test_every_variable_of_a_script_is_given_to_it(path: Path) -> None:
    """`ORCH_...` is how inputs reach our scripts; one that is set and never read, or the other way round, is a slip."""
    given = {name for step in job_steps(read(path)) if "run" in step for name in step["env"]}
    scripts = sorted((ROOT / "actions" / "environment").iterdir())
    read_somewhere = set(re.findall(r"\bORCH_[A-Z_]+\b", "".join(script.read_text(encoding="utf-8") for script in scripts)))
    read_by_entrypoints = {"ORCH_INPUTS", "ORCH_NEEDS", "ORCH_MODE", "ORCH_LEGS", "ORCH_RAN", "GITHUB_TOKEN"}

    assert given <= read_somewhere | read_by_entrypoints


@each_action
def test_it_can_be_found_on_the_marketplace(path: Path) -> None:
    document = read(path)

    assert set(document["branding"]) == {"icon", "color"}
    assert document["name"]
    assert document["description"]


def test_defaults_of_retention_are_those_that_the_compiler_leaves_out() -> None:
    inputs = read(ROOT / "action.yml")["inputs"]

    assert int(inputs["retention-days"]["default"]) == Retention().outputs
    assert int(inputs["record-retention-days"]["default"]) == Retention().records


def test_records_are_uploaded_whatever_happened_to_the_step() -> None:
    steps = {step.get("name"): step for step in job_steps(read(ROOT / "action.yml"))}

    assert steps["Upload the record"]["if"].startswith("${{ always()")
    assert "always()" not in steps["Upload the outputs"]["if"]


@pytest.mark.parametrize(("path", "name"), [("action.yml", "Download the inputs"), ("actions/result/action.yml", "Download the records")])
def test_an_artifact_that_expired_is_told_by_what_reads_it_with_the_way_out(path: str, name: str) -> None:
    (step,) = (step for step in job_steps(read(ROOT / path)) if step.get("name") == name)

    assert step["continue-on-error"] is True


def test_uv_is_one_version_with_a_hash_for_every_wheel_and_no_index() -> None:
    pinned = (ROOT / "actions/environment/uv.txt").read_text(encoding="utf-8")

    assert re.match(r"uv==\d+\.\d+\.\d+ \\\n", pinned)
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", pinned)) == len(pinned.splitlines()) - 1
    assert "://" not in pinned
