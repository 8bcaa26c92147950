"""`orch upgrade`: this toolkit's version for the whole repository."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from orch.orchestrators.github.repin import Repinned


@click.command("upgrade")
@click.option("--dry-run", is_flag=True, help="Say what would change, and write nothing.")
def command(dry_run: bool) -> None:
    """Move the repository to this version of orch: its pins, and everything that it generates.

    Says what changes for people in each workflow: jobs, triggers, permissions, settings. A second time it changes nothing.
    """
    from orch.cli.pin import report_files
    from orch.orchestrators.github.repin import files_of, upgraded
    from orch.runtime.runner import commands_stopped

    repinned = upgraded(Path.cwd())
    if all(there == text for _, there, text in files_of(repinned)):
        click.echo(f"toolkit {repinned.pins.toolkit} compiles this repository already")
        return
    with commands_stopped(sys.stdout):
        for line in _summary(repinned):
            click.echo(line)
    report_files(repinned, dry_run=dry_run)


def _summary(repinned: Repinned) -> Iterator[str]:
    from orch.cli.text import one_line
    from orch.names import PINS_PATH
    from orch.orchestrators.github.repin import files_of

    before, after = repinned.before, repinned.pins
    if before is None or before.toolkit != after.toolkit:
        yield f"toolkit {before.toolkit if before else '(not recorded)'} -> {after.toolkit}"
    yield from (f"{new.name} {old.version} -> {new.version}" for old, new in repinned.changes if old != new)
    for path, there, text in files_of(repinned):
        if there != text and path != PINS_PATH:
            yield path
            yield from (f"  {one_line(line)}" for line in _changes(path, there, text))


def _changes(path: str, there: str | None, text: str) -> list[str]:
    from orch.orchestrators.github.changes import graph_changes, workflow_changes

    if there is None:
        return ["new"]
    try:
        changes = graph_changes(there, text) if path.endswith(".json") else workflow_changes(there, text)
    except ValueError:
        return ["cannot be read as it is, and is written anew"]
    return changes or ["layout and comments only"]
