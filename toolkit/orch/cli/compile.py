"""`orch compile`: write the workflow and graph files of pipelines."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import click

from orch.cli import arguments
from orch.cli.packing import chooser, pack_option


@click.command("compile")
@arguments.references
@pack_option
def command(references: tuple[str, ...], pack: str | None) -> None:
    """Write each pipeline's workflow and graph under .github.

    Without arguments, of all pipelines of the repository: the files that `pipelines:` in orch.yaml names, else every
    Python file that git knows and that defines a @pipeline.
    """
    from orch.cli.text import printable
    from orch.orchestrators.github.drift import drift, write
    from orch.orchestrators.github.repository import compile_references
    from orch.runtime.runner import harmless

    compilation = compile_references(references, Path.cwd(), choose=chooser(pack))
    for compiled, written in groupby(write(compilation), key=lambda item: item[0]):
        for _, path, is_new in written:
            click.echo(f"{'wrote' if is_new else 'unchanged':<9} {path}")
        jobs = len(compiled.workflow.jobs)
        click.echo(f"{compiled.graph.pipeline}: {jobs} jobs, at least {jobs} minutes on the bill of a run (GitHub rounds each job up)")
    findings = [finding for compiled in compilation.pipelines for finding in compiled.findings]
    left_behind = [each.error for each in drift(compilation)]
    for finding in {finding.message: finding for finding in (*findings, *left_behind)}.values():
        click.echo(harmless(printable(f"note: {finding.message}\n  help: {finding.hint}")), err=True)
