"""Every workflow and action of this repository, generated or written by hand, is clean under the tools that judge them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

import pytest
from support.github_parser import GitHubParser
from support.tools import find_tool, requires_tool

from orch.orchestrators.github.compile import GENERATED
from orch.orchestrators.github.setup.dependabot import with_excluded

ROOT: Final = Path(__file__).parents[2]
WORKFLOWS: Final = sorted({*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("tests/golden/**/*.yml")})
ACTIONS: Final = sorted({*ROOT.glob("action.yml"), *ROOT.glob("actions/*/action.yml")})


def named(files: list[Path]) -> list[str]:
    return [file.relative_to(ROOT).as_posix() for file in files]


def run(*command: str) -> str:
    """What a linter says, empty if it found nothing."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_there_are_workflows_and_actions() -> None:
    assert ".github/workflows/ci.yml" in named(WORKFLOWS)
    assert "action.yml" in named(ACTIONS)


@pytest.mark.parametrize("file", named(WORKFLOWS + ACTIONS))
def test_github_own_parser_accepts(file: str, github_parser: GitHubParser) -> None:
    assert github_parser.errors(file, (ROOT / file).read_text(encoding="utf-8")) == []


@pytest.mark.tools("zizmor")
def test_zizmor_finds_nothing() -> None:
    zizmor = requires_tool("zizmor")

    assert run(zizmor, "--persona=pedantic", "--offline", "--no-progress", "--color=never", *named(WORKFLOWS + ACTIONS)) == ""


@pytest.mark.tools("check-jsonschema")
@pytest.mark.parametrize(("schema", "files"), [("vendor.github-workflows", WORKFLOWS), ("vendor.github-actions", ACTIONS)])
def test_the_published_schema_accepts(schema: str, files: list[Path]) -> None:
    assert run(requires_tool("check-jsonschema"), "--builtin-schema", schema, *named(files)) == ""


@pytest.mark.tools("check-jsonschema")
def test_dependabots_schema_accepts() -> None:
    assert run(requires_tool("check-jsonschema"), "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml") == ""


def test_dependabot_leaves_every_generated_workflow_alone() -> None:
    text = (ROOT / ".github/dependabot.yml").read_text(encoding="utf-8")
    generated = [file for file in WORKFLOWS if file.read_text(encoding="utf-8").startswith(f"# {GENERATED}")]

    assert with_excluded(text, [file for file in named(generated) if file.startswith(".github/")]) == text


@pytest.mark.tools("actionlint")
def test_actionlint_finds_nothing() -> None:
    """With shellcheck on every `run:` where it is there."""
    shellcheck = find_tool("shellcheck") or ""

    assert run(requires_tool("actionlint"), "-no-color", "-shellcheck", shellcheck, *named(WORKFLOWS)) == ""


@pytest.mark.tools("shellcheck")
def test_shellcheck_finds_nothing() -> None:
    scripts = named([ROOT / ".ci/run", *sorted(ROOT.glob("actions/**/*.sh"))])

    assert run(requires_tool("shellcheck"), "--external-sources", *scripts) == ""
