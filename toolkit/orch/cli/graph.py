"""`orch graph`: a pipeline as a picture."""

from __future__ import annotations

import click

from orch.cli import arguments


@click.command("graph")
@arguments.reference
def command(reference: str) -> None:
    """Print the pipeline's graph as Mermaid, which GitHub draws in Markdown."""
    from orch.authoring.load import load_graph
    from orch.model.mermaid import mermaid

    click.echo(mermaid(load_graph(reference)), nl=False)
