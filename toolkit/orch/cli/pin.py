"""`orch pin`: which commits of actions generated workflows call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from orch.orchestrators.github.repin import Repinned


@click.command("pin")
@click.argument("actions", metavar="[ACTION[@TAG]]...", nargs=-1)
@click.option("--major", is_flag=True, help="Allow another major version than the one that this toolkit was reviewed with.")
@click.option("--adopt", is_flag=True, help="Take over the edits of pins in generated workflows, as Dependabot makes them. No network.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and write nothing.")
def command(actions: tuple[str, ...], major: bool, adopt: bool, dry_run: bool) -> None:
    """Pin the actions that generated workflows call to the commits of their newest releases.

    Asks each action's repository by `git ls-remote` for its tags, writes .github/orch/pins.json, and compiles all
    pipelines of the repository again. Without arguments, of all actions: `actions/checkout`, and orch's own if it is pinned.
    """
    from orch.errors import UsageError
    from orch.orchestrators.github.repin import adopting, resolved
    from orch.orchestrators.github.resolve import ls_remote

    if adopt and (actions or major):
        raise UsageError("--adopt takes the pins from the generated workflows, and no others", hint="orch pin --adopt")
    repinned = adopting(Path.cwd()) if adopt else resolved(Path.cwd(), actions, ls_remote, major=major)
    width = max(len(after.name) for _, after in repinned.changes)
    for before, after in repinned.changes:
        told = "unchanged" if before == after else f"was {before.version} ({before.sha[:7]})"
        click.echo(f"{after.name:<{width}}  {after.version} ({after.sha[:7]})  {told}")
    report_files(repinned, dry_run=dry_run)


def report_files(repinned: Repinned, *, dry_run: bool) -> None:
    """Write what differs, or only say so."""
    from orch.orchestrators.github.repin import files_of, write_files

    if dry_run:
        for path in [path for path, there, text in files_of(repinned) if there != text]:
            click.echo(f"would write  {path}")
        return
    for path in write_files(repinned):
        click.echo(f"wrote  {path}")
