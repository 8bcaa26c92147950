"""`orch stack` and `orch orchestrator`."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from support.command_line import CommandLine

from orch.orchestrators.flavors import FLAVORS
from orch.stacks.settings import Orchestrator


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    return tmp_path


def test_the_built_in_stacks_are_there_without_a_file(repository: Path, orch: CommandLine) -> None:
    assert orch("stack", "list").out == (
        "* local   orchestrator local, artifact store local\n  github  orchestrator github, artifact store github\n"
    )


def test_the_active_stack_is_set_at_the_root_of_the_repository(repository: Path, orch: CommandLine) -> None:
    assert orch("stack", "set", "github") == (0, "active stack: github (orch.yaml)\n", "")

    assert (repository / "orch.yaml").read_text() == "active: github\n"
    assert orch("stack", "describe").out == "name            github\norchestrator    github\nartifact store  github\n"
    assert orch("stack", "list").out.splitlines()[1].startswith("* github")


def test_the_variable_that_goes_before_the_file_is_named(repository: Path, orch: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCH_STACK", "local")

    outcome = orch("stack", "set", "github")

    assert outcome.err == "note: here ORCH_STACK=local goes before it\n"
    assert orch("stack", "describe").out.startswith("name            local\n")


@pytest.mark.parametrize("command", ["set", "describe"])
def test_a_stack_that_does_not_exist_is_a_mistake_of_the_command(command: str, repository: Path, orch: CommandLine) -> None:
    outcome = orch("stack", command, "nope")

    assert outcome.code == 2
    assert "no stack 'nope'" in outcome.err
    assert "local, github" in outcome.err


def test_every_orchestrator_that_a_stack_can_name_is_listed(orch: CommandLine) -> None:
    assert set(FLAVORS) == set(get_args(Orchestrator))
    assert [line.split()[0] for line in orch("orchestrator", "flavor", "list").out.splitlines()] == list(FLAVORS)


def test_an_unknown_stack_to_describe_is_not_blamed_on_an_option(repository: Path, orch: CommandLine) -> None:
    outcome = orch("stack", "describe", "githb")

    assert (outcome.code, outcome.err.splitlines()[0]) == (2, "error: no stack 'githb' [settings]")
