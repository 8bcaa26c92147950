"""Names, options and files that hostile people choose: compiled into data, or refused, and never obeyed."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml
from support.command_line import CommandLine
from support.github_parser import GitHubParser
from support.hostile import COMMANDS, EXPRESSIONS, FILE_NAMES, MARKUPS, SHELLS, TERMINALS, TRAPS, pwned, uncontrolled
from support.tools import requires_tool

from orch.authoring.load import separate_modules

MODULE: Final = """
from __future__ import annotations
from typing import Annotated, Literal
from orch import *

@step
def s(a: int = 1) -> Annotated[int, "out"]: return a

@pipeline
def {name}(x: str = "a"): s()
"""
# One change of the module for each place in which its author writes a text.
PLACES: Final = {
    "step id": ("s()", "s(id={})"),
    "output": ('"out"', "{}"),
    "pipeline": ("@pipeline", "@pipeline(name={})"),
    "annotation": ('Annotated[int, "out"]', "{}"),
    "choice": ('x: str = "a"', "x: Literal['a', {}] = 'a'"),
    "default": ('"a"', "{}"),
    "secret": ("@step", "@step(secrets=[{}])"),
    "variable": ("@step", "@step(environment={{{}: 'x'}})"),
    "value": ("@step", "@step(environment={{'A': {}}})"),
    "extra": ("@step", "@step(extras=[{}])"),
    "target": ("@step", "@step(target={})"),
    "file": ("@step", "@step(files=[{}])"),
    "requirements": ("@pipeline", "@pipeline(requirements={})"),
    "python": ("@pipeline", "@pipeline(python={})"),
    "branch": ("@pipeline", "@pipeline(triggers=[Push(branches=[{0}], paths=[{0}])])"),
    "cron": ("@pipeline", "@pipeline(schedule=Schedule(cron_expression={}))"),
    "zone": ("@pipeline", "@pipeline(schedule=Schedule(cron_expression='5 4 * * *', timezone={}))"),
}
SOME: Final = (
    EXPRESSIONS[0],
    SHELLS[0],
    SHELLS[5],
    COMMANDS[2],
    COMMANDS[-7],
    *TERMINALS[:2],
    *TERMINALS[6:11:2],
    MARKUPS[3],
    *TRAPS[:4],
    "--help",
    "{self}",
)


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    yield root
    assert pwned(tmp_path) == []


def compiled(orch: CommandLine, *words: str) -> bool:
    """Whether `orch compile` took it; else it said why in one error, and showed nothing but text."""
    with separate_modules():
        outcome = orch("compile", *words)
    assert not uncontrolled(outcome.out + outcome.err)
    assert outcome.code in (0, 2, 3), outcome
    assert outcome.code == 0 or re.search(r"error: .*\[[a-z-]+\]$", outcome.err, re.MULTILINE), outcome
    return outcome.code == 0


def check_workflow(file: Path) -> None:
    """It has the keys of its own alone, and no expression but those that orch writes."""
    text = file.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert set(workflow) == {"name", True, "permissions", "concurrency", "jobs"}
    assert set(workflow["jobs"]) == {next(iter(workflow["jobs"])), "orch-result"}
    code = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    ours = r"secrets\.[A-Za-z_]+ |toJSON\((needs|inputs)\) |always\(\) |github\.event_name == 'workflow_dispatch' && "
    assert not re.search(r"\$\{\{ (?!" + ours + ")", code)


@pytest.mark.parametrize("place", PLACES)
def test_a_text_in_a_decorator_or_signature_is_data_or_refused(place: str, repository: Path, orch: CommandLine) -> None:
    there, hostile = PLACES[place]
    for text in SOME:
        (repository / "flow.py").write_text(MODULE.format(name="p").replace(there, hostile.format(ascii(text))))
        if compiled(orch, "flow.py"):
            (workflow,) = (repository / ".github/workflows").iterdir()
            check_workflow(workflow)
            workflow.unlink()


@pytest.mark.posix
@pytest.mark.tools("actionlint", "zizmor")
def test_pipelines_in_files_and_folders_of_hostile_names_compile_to_what_github_reads(
    repository: Path, orch: CommandLine, github_parser: GitHubParser
) -> None:
    names = [name for name in FILE_NAMES if len(name.encode("utf-8", "replace")) < 200 and name not in ("", ".", "..") and "\0" not in name]
    for number, name in enumerate(names):
        folder = repository / (name if number % 2 else "plain")
        try:
            folder.mkdir(exist_ok=True)
            (folder / "pyproject.toml").touch()
            file = folder / ("flow.py" if number % 2 else f"{name}.py")
            file.write_text(MODULE.format(name=f"p{number}"))
        except UnicodeEncodeError:
            continue
        compiled(orch, f"./{file.relative_to(repository)}")

    workflows = sorted((repository / ".github/workflows").iterdir())
    for workflow in workflows:
        check_workflow(workflow)
        assert github_parser.errors(workflow.name, workflow.read_text()) == []
        graph = json.loads((repository / ".github/orch" / f"{workflow.stem}.json").read_bytes())
        assert (repository / graph["project"] / graph["source"].rpartition(":")[0]).is_file()
    assert len(workflows) > len(names) / 2
    for name, *options in ("actionlint", "-no-color"), ("zizmor", "--persona=pedantic", "--offline", "--quiet", "--color=never"):
        done = subprocess.run([requires_tool(name), *options, *workflows], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[:2000]
