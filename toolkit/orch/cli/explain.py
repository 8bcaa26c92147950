"""`orch explain`: why a step ran or was cached, and what changed since the result before."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import click

from orch.authoring.project import find_project
from orch.cli import arguments
from orch.cli.display.ending import colour_of
from orch.cli.display.json_lines import json_line
from orch.cli.kept_runs import find_run
from orch.cli.text import cut, one_line, paint, takes_colour
from orch.errors import UsageError
from orch.model.fan import index_of, step_of
from orch.model.plan import Change
from orch.model.runs import RunInfo
from orch.model.states import State
from orch.orchestrators.local import away
from orch.orchestrators.local.explain import Explanation, explain_next, explain_recorded
from orch.orchestrators.local.home import Home
from orch.runtime import clock
from orch.runtime.runner import commands_stopped

_WIDEST: Final = 120
_DOES: Final = {"run": "runs next time", "cached": "is cached next time", "maybe": "may run next time"}
_COLOURS: Final = {"run": State.SUCCEEDED, "cached": State.CACHED, "maybe": State.QUEUED}


@click.command("explain", options_metavar="[OPTIONS]")
@click.argument("words", metavar="[RUN | FILE[:PIPELINE]] STEP", nargs=-1, required=True)
@arguments.set_option
@arguments.config_option
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as one line of JSON.")
def command(words: tuple[str, ...], assignments: tuple[str, ...], config: Path | None, as_json: bool) -> None:
    """Show why STEP ran or was cached, and what changed since the result before.

    RUN is the id of a run or the beginning of it; the newest run without. With a FILE instead, it is what the next run of its
    pipeline would do: nothing runs.
    """
    if len(words) > 2:
        raise UsageError(f"{len(words)} arguments, expected a step, or a run or file and a step", hint="orch explain [RUN | FILE] STEP")
    *subject, step = words
    if subject and _is_file(subject[0]):
        explanation = _next(subject[0], step, assignments, config)
    elif assignments or config:
        raise UsageError("--set and --config are for what the next run would do", hint="orch explain FILE STEP --set NAME=VALUE")
    else:
        explanation = _recorded(subject[0] if subject else None, step)
    if as_json:
        click.echo(json_line(explanation.to_json()))
        return
    with commands_stopped(sys.stdout):
        for line in render(explanation, colour=takes_colour(sys.stdout)):
            click.echo(line)


def _is_file(word: str) -> bool:
    return word.endswith(".py") or ".py:" in word or os.sep in word


def _next(reference: str, step: str, assignments: tuple[str, ...], config: Path | None) -> Explanation:
    from orch.authoring.load import load_graph, split_reference
    from orch.model import dates, values
    from orch.runtime.loading import heard
    from orch.runtime.secrets import declared, redactor
    from orch.stacks.load import load_settings
    from orch.stacks.secrets import with_secrets
    from orch.stacks.settings import active_stack

    texts = arguments.parse_assignments(assignments)
    with heard():
        graph = load_graph(reference)
    is_leg = index_of(step) is not None and step_of(step) in graph.mapped
    _check_step(step_of(step) if is_leg else step, list(graph.by_id), f"pipeline {graph.pipeline!r}")
    given = arguments.values_for(graph.parameters, texts, config)
    project = find_project(split_reference(reference)[0])
    environment = with_secrets(declared(graph.steps), project.git_root, os.environ)
    settings = load_settings(project.git_root)
    _, stack = active_stack(settings, None, os.environ)
    graph = away.placed(graph, away.Placement(stack.target, stack.docker))
    now = dates.at(clock.now(), dates.zone_of(graph.triggers) or "UTC").isoformat()
    return explain_next(
        graph,
        project,
        RunInfo("", graph.pipeline, "local", logical_date=now),
        Home.of(project.git_root),
        step,
        parameters={name: values.encode(value) for name, value in given.items()},
        redact=redactor(graph.steps, environment),
        may_unpickle=settings.pickle == "allow",
        images={name: spec.image for name, spec in away.specs(graph).items()},
    )


def _recorded(run: str | None, step: str) -> Explanation:
    git_root = find_project(Path.cwd()).git_root
    kept = find_run(git_root, run)
    _check_step(step, [told.step for told in kept.record.steps], f"run {kept.folder.run_id!r}")
    told = next(told for told in kept.record.steps if told.step == step)
    record = replace(kept.record, info=replace(kept.record.info, run=kept.folder.run_id))  # whatever the file says
    return explain_recorded(record, told, Home.at(kept.folder.path.parents[1], git_root))


def _check_step(step: str, known: list[str], where: str) -> None:
    if step not in known:
        near = get_close_matches(step, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"its steps are {', '.join(known)}"
        raise UsageError(f"{where} has no step {step!r}", hint=hint)


def render(explanation: Explanation, *, colour: bool) -> Iterator[str]:
    """The lines."""
    step, reason = one_line(explanation.step), one_line(explanation.reason)
    if explanation.run:
        what = f"{explanation.state} in run {one_line(explanation.run)}"
        paints = colour_of(State(explanation.state))
    else:
        what = _DOES[explanation.state]
        paints = colour_of(_COLOURS[explanation.state])
    yield f"{paint(step, 'bold', colour=colour)} {paint(what, *paints, colour=colour)}" + (f": {reason}" if reason else "")
    if explanation.changes:
        yield f"since the result of run {one_line(explanation.since)}:"
        width = max(len(each.kind) for each in explanation.changes)
        for each in explanation.changes:
            yield from _change(each, width, colour=colour)
    if explanation.blind:
        yield "what cannot be seen without running it, so that a change there runs nothing:"
        yield from (f"  {one_line(each)}" for each in explanation.blind)


def _change(change: Change, width: int, *, colour: bool) -> Iterator[str]:
    name = one_line(change.name) if change.name != change.kind else ""
    old, new = (cut(one_line(text), _WIDEST) for text in (change.old, change.new))
    head = f"  {change.kind.ljust(width)}  {name}".rstrip()
    if change.kind == "code":
        yield head
        if old:
            yield paint(f"  {' ' * width}  - {old}", "red", colour=colour)
        if new:
            yield paint(f"  {' ' * width}  + {new}", "green", colour=colour)
    elif not old:
        yield f"{head}  new: {new}"
    elif not new:
        yield f"{head}  gone, it was {old}"
    else:
        yield f"{head}  {old} -> {new}"
