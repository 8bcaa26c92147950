"""`orch runs`: what ran on this machine. Reads records and logs alone, and loads no value that a step made."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import click

from orch.authoring.project import find_project
from orch.cli.display.ending import colour_of, ending, heading
from orch.cli.display.json_lines import json_line
from orch.cli.kept_runs import KeptRun, find_run, read_runs
from orch.cli.report import render
from orch.cli.text import duration, lines_of, log_line, one_line, paint, takes_colour
from orch.errors import UsageError
from orch.model.canonical import Json
from orch.model.events import StepOutput, to_json
from orch.runtime.runner import commands_stopped

_run_argument: Final[Callable[[Any], Any]] = click.argument("run", metavar="[RUN]", required=False)


@click.group("runs")
def command() -> None:
    """Show what ran on this machine, by `orch run` and `orch act`."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the records as a JSON array.")
def list_runs(as_json: bool) -> None:
    """List the runs, newest first."""
    runs, problems = read_runs(_git_root())
    if as_json:
        click.echo(json_line([_to_json(run) for run in runs]))
    else:
        with commands_stopped(sys.stdout):
            for line in _table(runs, colour=takes_colour(sys.stdout)):
                click.echo(line)
    if not runs and not problems:
        click.echo("no runs yet: `orch run FILE` makes one", err=True)
    for problem in problems:
        click.echo(render(problem, colour=takes_colour(sys.stderr)), err=True)


@command.command("show")
@_run_argument
@click.option("--json", "as_json", is_flag=True, help="Print the record as one line of JSON.")
def show_run(run: str | None, as_json: bool) -> None:
    """Show a run's steps, their outputs and what failed.

    RUN is the run's id or the beginning of it; the newest run without.
    """
    kept = find_run(_git_root(), run)
    if as_json:
        click.echo(json_line(_to_json(kept)))
        return
    with commands_stopped(sys.stdout):
        _show(kept)


def _show(kept: KeptRun) -> None:
    colour = takes_colour(sys.stdout)
    info = kept.record.info
    click.echo(heading(info, steps=len(kept.record.steps)))
    for name in ("orchestrator", "trigger", "started", "source", "commit", "actor", "url"):
        if value := getattr(info, name):
            click.echo(f"  {name.ljust(12)}  {one_line(value)}")
    click.echo()
    for line in ending(kept.record, kept.folder.path, colour=colour):
        click.echo(line)
    if kept.was_killed:
        click.echo("it was killed, or had no room to write any more: its process is gone, and it did not say that it ended")


@command.command("logs")
@_run_argument
@click.option("--step", metavar="ID", help="Print the log of this step alone.")
@click.option("--json", "as_json", is_flag=True, help='Print one line of JSON per step, {"id": ..., "text": ...}.')
def show_logs(run: str | None, step: str | None, as_json: bool) -> None:
    """Print what a run's steps printed.

    RUN is the run's id or the beginning of it; the newest run without.
    """
    kept = find_run(_git_root(), run)
    files = kept.logs
    if step is not None:
        _check_step(kept, step)
        files = {step: files[step]} if step in files else {}
    logs = ((name, file.read_text(encoding="utf-8", errors="replace")) for name, file in files.items())
    is_silent = True
    with nullcontext() if as_json else commands_stopped(sys.stdout):
        for name, text in logs:
            is_silent = is_silent and not text
            _print_log(name, text, as_json=as_json, alone=step is not None)
    if is_silent:
        click.echo(f"{f'step {step!r}' if step else 'this run'} printed nothing", err=True)


def _print_log(name: str, text: str, *, as_json: bool, alone: bool) -> None:
    if as_json:
        click.echo(json_line(to_json(StepOutput(name, text))))
        return
    colour = takes_colour(sys.stdout)
    prefix = "" if alone else f"{paint(one_line(name), 'cyan', colour=colour)} | "
    for line in lines_of(text):
        click.echo(f"{prefix}{log_line(line, colour=colour)}")


def _check_step(kept: KeptRun, step: str) -> None:
    known = list(dict.fromkeys([*(record.step for record in kept.record.steps), *kept.logs]))
    if step not in known:
        near = get_close_matches(step, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"its steps are {', '.join(known)}"
        raise UsageError(f"run {kept.folder.run_id!r} has no step {step!r}", hint=hint)


def _table(runs: list[KeptRun], *, colour: bool) -> list[str]:
    rows = [
        (
            one_line(run.folder.run_id),
            one_line(run.record.info.pipeline),
            run.state,
            one_line(run.record.info.orchestrator),
            one_line(run.record.info.started)[:19].replace("T", " "),
            duration(run.record.duration) if run.record.ended else "",
        )
        for run in runs
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(6)]
    lines = []
    for run, row in zip(runs, rows, strict=True):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        cells[2] = paint(cells[2], *colour_of(run.record.state), colour=colour)
        lines.append("  ".join(cells).rstrip())
    return lines


def _to_json(run: KeptRun) -> Json:
    """Of a run that was killed, its folder has no more to say than how far it came."""
    return run.record.to_json() | ({"killed": True} if run.was_killed else {})


def _git_root() -> Path:
    return find_project(Path.cwd()).git_root
