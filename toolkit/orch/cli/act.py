"""`orch act`: the compiled workflow on this machine, job by job, with data passing by artifacts alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final, Literal

import click

from orch.authoring.load import split_reference
from orch.authoring.project import find_project
from orch.cli import arguments
from orch.cli.display import show
from orch.errors import LoadError, UsageError, Where
from orch.model import canonical, values
from orch.model.graph import Graph
from orch.model.parameters import parse_all
from orch.orchestrators.github.compile import files_of
from orch.orchestrators.github.repository import Compiled, compile_references
from orch.orchestrators.local.home import Home
from orch.replay.act import trigger
from orch.replay.act.harness import Request, run
from orch.replay.act.trigger import Trigger
from orch.runtime.redact import MASK
from orch.runtime.secrets import declared
from orch.stacks.secrets import with_secrets

_PAYLOAD: Final = "name a file with GitHub's payload of the event, as in github.event"


@click.command("act")
@arguments.reference
@arguments.set_option
@click.option("--job", metavar="STEP", help="Run only this step's job, and those that it needs, whatever ran before.")
@click.option(
    "--logical-date", metavar="WHEN", help="The moment that the run is for, as 2026-03-29T02:30; needs a pipeline with a schedule."
)
@click.option("--event", metavar="FILE", type=arguments.given_path, help="Start with this event's payload, a file of JSON.")
@click.option(
    "--env",
    "packages",
    type=click.Choice(["current", "locked"]),
    default="current",
    show_default=True,
    help="What jobs install: nothing, they use the interpreter and packages of this command; or the project's lock, from uv's cache.",
)
@click.option("--keep", metavar="DIR", type=arguments.given_path, help="Put act's working files into this folder, and keep them.")
@click.option("--rerun", metavar="RUN", help="Be the next attempt of this run of orch act, on what it uploaded.")
@arguments.no_cache_option
@arguments.json_option
def command(
    reference: str,
    assignments: tuple[str, ...],
    job: str | None,
    logical_date: str | None,
    event: Path | None,
    packages: Literal["current", "locked"],
    keep: Path | None,
    rerun: str | None,
    no_cache: bool,
    as_json: bool,
) -> int:
    """Run the workflow that the pipeline of FILE compiles to, with act, on this machine.

    It needs no network and no Docker. The working tree runs as it is: nothing has to be compiled or committed first.
    Each job has an empty workspace and an empty store. The exit code is 1 if a step failed.
    """
    texts = arguments.parse_assignments(assignments)
    compiled = _compile(reference)
    project = find_project(split_reference(reference)[0])
    home = Home.of_act(project.git_root)
    environ = with_secrets(declared(compiled.graph.steps), project.git_root, os.environ)
    start = _trigger(compiled.graph, texts, event, logical_date)
    if rerun is not None and event is None:
        start = _as_before(compiled.graph, home, rerun, texts, logical_date) or start
    files = files_of(compiled.graph, compiled.workflow, {})  # what stands in for actions here stands in for the originals
    request = Request(compiled.graph, project, files, start, job, packages, keep, environ, not no_cache, rerun)
    with show(home.runs, json=as_json) as display:
        record = run(request, display, home=home.path)
    return record.state.exit_code


def _compile(reference: str) -> Compiled:
    pipelines = compile_references([reference], Path.cwd()).pipelines
    if len(pipelines) > 1:
        hint = f"name one: {', '.join(f'{reference}:{each.graph.pipeline}' for each in pipelines)}"
        raise LoadError(f"this file defines {len(pipelines)} pipelines", hint=hint, where=Where(reference))
    return pipelines[0]


def _trigger(graph: Graph, texts: dict[str, str], event: Path | None, logical_date: str | None) -> Trigger:
    given = parse_all(graph.parameters, texts)
    if event is None:
        return trigger.dispatch(graph, given, logical_date)
    if logical_date is not None:
        raise UsageError("--logical-date goes with a dispatch, and --event has its own", hint="remove one of them")
    try:
        payload = json.loads(event.read_bytes())
    except OSError as error:
        raise UsageError(f"the event {str(event)!r} cannot be read: {error.strerror}", hint=_PAYLOAD) from error
    except ValueError as error:
        raise UsageError(f"the event {str(event)!r} is not JSON: {error}", hint=_PAYLOAD) from error
    return trigger.of_payload(payload, given, graph)


def _as_before(graph: Graph, home: Home, run_id: str, texts: dict[str, str], logical_date: str | None) -> Trigger | None:
    """What started the run of which this is the next attempt, by its record; None where there is no such run."""
    if texts or logical_date is not None:
        raise UsageError("the next attempt of a run has its parameters and its date", hint=f"only --rerun {run_id}, or a run of its own")
    if not (run_id.isdecimal() and home.run(run_id).path.is_dir()):
        return None
    info = home.run(run_id).read().info
    if info.trigger != trigger.DISPATCH:
        raise UsageError(
            f"run {run_id} was started by {info.trigger}, whose payload is not kept", hint=f"give it again: {_PAYLOAD} to --event"
        )
    known = {name: data for name, data in info.parameters.items() if any(parameter.name == name for parameter in graph.parameters)}
    if masked := [name for name, data in known.items() if MASK in canonical.dumps(data)]:
        message = f"run {run_id} has a secret in its parameter {masked[0]!r}, which is not kept"
        raise UsageError(message, hint="start a run of its own, with --set")
    given = {name: values.decode(data) for name, data in known.items()}
    return trigger.dispatch(graph, given, info.logical_date or None)
