"""`orch orchestrator`: what can schedule a pipeline."""

from __future__ import annotations

import click


@click.group("orchestrator")
def command() -> None:
    """What can schedule a whole pipeline."""


@command.group()
def flavor() -> None:
    """The kinds of orchestrators."""


@flavor.command("list")
def list_() -> None:
    """List the flavors of orchestrators."""
    from orch.orchestrators.flavors import FLAVORS

    for name, description in FLAVORS.items():
        click.echo(f"{name:<8} {description}")
