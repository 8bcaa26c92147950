"""`orch gc`: delete runs and results that are not needed any more, and what killed runs left behind."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from orch.authoring.project import find_project
from orch.cli.display.json_lines import json_line
from orch.cli.text import one_line
from orch.errors import UsageError
from orch.materializers.previews import size_text
from orch.model.resources import memory_bytes
from orch.runtime import clock
from orch.runtime.runner import commands_stopped

if TYPE_CHECKING:
    from orch.orchestrators.local.gc import Collected

_AGE: Final = re.compile(r"([0-9]{1,9})([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@click.command("gc")
@click.option(
    "--older-than", metavar="AGE", default="30d", show_default=True, help="Delete what was last used longer ago, as 12h, 30d or 4w."
)
@click.option("--max-size", metavar="SIZE", help="Then delete the oldest, until all that is kept is no larger, as 10GB.")
@click.option(
    "--keep-last",
    metavar="N",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Keep the last N runs of each pipeline anyway.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what was deleted and kept as one line of JSON.")
def command(older_than: str, max_size: str | None, keep_last: int, dry_run: bool, as_json: bool) -> None:
    """Delete runs, cached results and stored values that are not needed any more.

    Runs go by age and size, with their logs and outputs; results that can be used again are as old as their last use; stored
    values go when no run and no result that is kept needs them. What killed runs left behind goes in any case. A run that is
    going on is never touched, and while one is, stored values stay.
    """
    from orch.cli.kept_runs import homes
    from orch.orchestrators.local.garbage import Limits
    from orch.orchestrators.local.gc import collect

    limits = Limits(_age(older_than), keep_last, None if max_size is None else _size(max_size))
    own, act = homes(find_project(Path.cwd()).git_root)
    collected = collect({"": own, "act/": act}, limits, clock.now(), dry_run=dry_run)
    if as_json:
        click.echo(json_line({"dry_run": dry_run, **asdict(collected)}))
        return
    with commands_stopped(sys.stdout):
        for line in _told(collected, dry_run=dry_run):
            click.echo(line)


def _told(collected: Collected, *, dry_run: bool) -> list[str]:
    did = "would delete" if dry_run else "deleted"
    counts = [
        _count(len(collected.runs), "run"),
        _count(collected.results, "cached result"),
        _count(collected.objects, "stored value"),
        _count(collected.leftovers, "leftover"),
    ]
    lines = [f"{did} {one_line(run)}" for run in collected.runs]
    lines.append(f"{did} {', '.join(counts)}: {size_text(collected.freed)}")
    lines.append(f"kept {_count(collected.kept_runs, 'run')}: {size_text(collected.kept)}")
    if collected.containers:
        names = ", ".join(map(one_line, collected.containers))
        lines.append(f"containers of killed runs, whose engine does not answer: {names}; when it does, run `orch gc` again")
    if collected.going_on:
        runs = ", ".join(map(one_line, collected.going_on))
        waiting = f"; {size_text(collected.waiting)} of stored values can go when no run goes on" if collected.waiting else ""
        lines.append(f"going on: {runs}{waiting}")
    return lines


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _age(text: str) -> float:
    found = _AGE.fullmatch(text)
    if not found:
        raise UsageError(f"--older-than {text!r} is not an age", hint="a number and s, m, h, d or w, as in --older-than 30d")
    return float(int(found[1]) * _SECONDS[found[2]])


def _size(text: str) -> int:
    try:
        return memory_bytes(text)
    except ValueError as error:
        raise UsageError(f"--max-size {text!r} is not a size", hint="a number and a unit, as in --max-size 10GB") from error
