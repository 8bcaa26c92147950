"""`orch stack`: what runs pipelines here, and which of it is active."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orch.cli.text import one_line
from orch.runtime.runner import commands_stopped, harmless

if TYPE_CHECKING:
    from orch.stacks.settings import Settings


@click.group("stack")
def command() -> None:
    """List, describe and choose stacks: where pipelines run, and where their artifacts live."""


@command.command("list")
def list_() -> None:
    """List the stacks; an asterisk marks the active one."""
    from orch.stacks.settings import active_stack

    settings = _settings()
    active, _ = active_stack(settings, None, os.environ)
    width = max(len(one_line(name)) for name in settings.all_stacks)
    with commands_stopped(sys.stdout):
        for name, stack in settings.all_stacks.items():
            mark = "*" if name == active else " "
            click.echo(f"{mark} {one_line(name):<{width}}  orchestrator {stack.orchestrator}, artifact store {stack.store}")


@command.command()
@click.argument("name", required=False)
def describe(name: str | None) -> None:
    """Show one stack, the active one without NAME."""
    from orch.stacks.settings import active_stack, unknown_stack

    settings = _settings()
    if name is not None and name not in settings.all_stacks:
        raise unknown_stack(name, settings)
    name, stack = active_stack(settings, name, os.environ)
    click.echo(harmless(f"name            {one_line(name)}\norchestrator    {stack.orchestrator}\nartifact store  {stack.store}"))
    if stack.target != "local":
        click.echo(harmless(f"target          {stack.target}"))
    if stack.docker:
        click.echo(harmless("\n".join(f"{f'docker {key}':<15} {value}" for key, value in stack.docker.to_json().items())))


@command.command("set")
@click.argument("name")
def set_(name: str) -> None:
    """Make NAME the active stack, in orch.yaml at the root of the repository."""
    from orch.stacks.edit import set_active
    from orch.stacks.settings import FILE, STACK_VARIABLE

    set_active(_git_root(), name)
    click.echo(harmless(f"active stack: {one_line(name)} ({FILE})"))
    if (variable := os.environ.get(STACK_VARIABLE)) and variable != name:
        click.echo(harmless(f"note: here {STACK_VARIABLE}={one_line(variable)} goes before it"), err=True)


def _git_root() -> Path:
    from orch.authoring.project import find_project

    return find_project(Path.cwd()).git_root


def _settings() -> Settings:
    from orch.stacks.load import load_settings

    return load_settings(_git_root())
