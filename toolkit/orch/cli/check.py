"""`orch check`: compile in memory and compare with the files that are there."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from orch.cli import arguments


@click.command("check")
@arguments.references
def command(references: tuple[str, ...]) -> None:
    """Compare the generated files with what their pipelines compile to.

    Exits 4 with a diff where a file is stale, absent or left behind, 3 where there are findings, 0 else. Without
    arguments, of all pipelines of the repository.
    """
    from orch.cli.text import printable
    from orch.errors import raise_problems
    from orch.orchestrators.github.drift import drift
    from orch.orchestrators.github.repository import compile_references
    from orch.runtime.runner import commands_stopped

    compilation = compile_references(references, Path.cwd())
    stale = drift(compilation)
    with commands_stopped(sys.stdout):
        for each in stale:
            click.echo(printable(each.diff), nl=False)
    raise_problems([*(each.error for each in stale), *(finding for each in compilation.pipelines for finding in each.findings)])
    count = len(compilation.pipelines)
    click.echo(f"{'1 pipeline: its' if count == 1 else f'{count} pipelines: their'} generated files are up to date")
