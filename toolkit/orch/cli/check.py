"""`orch check`: compile in memory and compare with the files that are there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orch.cli import arguments

if TYPE_CHECKING:
    from orch.orchestrators.github.repository import Compilation


@click.command("check")
@arguments.references
@click.option(
    "--base", metavar="REF", help="Also say what changes since this commit, branch or tag; auto: what a pull request starts from."
)
def command(references: tuple[str, ...], base: str | None) -> None:
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
        if base is not None:
            _tell_meaning(compilation, base)
    raise_problems([*(each.error for each in stale), *(finding for each in compilation.pipelines for finding in each.findings)])
    count = len(compilation.pipelines)
    click.echo(f"{'1 pipeline: its' if count == 1 else f'{count} pipelines: their'} generated files are up to date")


def _tell_meaning(compilation: Compilation, ref: str) -> None:
    """What the change means for reviewers, also in the summary of the job."""
    from orch.cli.text import one_line
    from orch.orchestrators.github.base import base_of
    from orch.orchestrators.github.meaning import markdown, meanings_since
    from orch.runtime.runner import append_summary

    base = base_of(compilation.git_root, ref)
    if base is None:
        click.echo("note: what changes is not known, this clone has only its last commit: check out with `fetch-depth: 2`", err=True)
        return
    found = meanings_since(base, compilation)
    click.echo(f"since {one_line(base.name)} ({base.commit[:7]}): {'nothing that is generated changes' if not found else ''}".rstrip(": "))
    for meaning in found:
        click.echo(one_line(meaning.pipeline))
        width = max(map(len, meaning.lines))
        for area, lines in meaning.lines.items():
            for number, line in enumerate(lines):
                click.echo(f"  {('' if number else area).ljust(width)}  {one_line(line)}")
    append_summary(lambda: markdown(base, found))
