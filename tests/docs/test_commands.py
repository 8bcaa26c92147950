"""docs/commands.md shows every command's real help."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
import yaml
from support import pages
from support.command_line import CommandLine

from orch.cli.main import COMMANDS

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
HELPS = pages.blocks("docs/commands.md", "text")
(REVIEWED,) = pages.blocks("docs/commands.md", "yaml")
BLOCK = re.compile(r"```text\n\$ orch ((?:[a-z]+ )*)--help\n.*?```", re.DOTALL)


def paths(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from paths(inner, (*path, name))


def test_every_help_on_the_page_is_the_real_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, golden: Callable[[Path, str], None]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    orch = CommandLine(capsys)

    def real(found: re.Match[str]) -> str:
        code, out, err = orch(*found[1].split(), "--help")
        assert (code, err) == (0, "")
        return f"```text\n$ orch {found[1]}--help\n{out}```"

    golden(PAGE, BLOCK.sub(real, PAGE.read_text(encoding="utf-8")))


def test_every_command_is_on_the_page() -> None:
    commands = [(name, importlib.import_module(f"orch.cli.{name}").command) for name in COMMANDS]
    there_are = {()} | {path for name, command in commands for path in paths(command, (name,))}

    shown = [tuple(found.split()) for found in BLOCK.findall(PAGE.read_text(encoding="utf-8"))]
    assert set(shown) == there_are
    assert len(shown) == len(HELPS) == len(there_are)
    assert list(dict.fromkeys(path[0] for path in shown if path)) == list(COMMANDS)


def test_the_job_that_tells_what_a_change_means_gives_the_action_what_it_takes() -> None:
    checkout, check = yaml.safe_load(REVIEWED.text)["jobs"]["orch-check"]["steps"]
    action = yaml.safe_load(pages.ROOT.joinpath("actions/check/action.yml").read_text(encoding="utf-8"))

    assert checkout["with"]["fetch-depth"] == 2
    assert check["uses"].partition("@")[0].endswith("/actions/check")
    assert action["inputs"]["base"]["default"] == "auto"  # what the note about `fetch-depth: 2` goes with
