"""`orch run`, and what `python FILE` does: a pipeline on the active stack's orchestrator."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import click

from orch.authoring.load import load_graph, split_reference
from orch.authoring.project import Project, find_project
from orch.cli import arguments
from orch.cli.display import show
from orch.errors import UsageError
from orch.model import dates
from orch.model.graph import Graph
from orch.model.runs import RunRecord
from orch.orchestrators import local
from orch.orchestrators.local.away import Placement
from orch.orchestrators.local.home import Home
from orch.orchestrators.local.parts import Part, part_from, part_of
from orch.runtime.loading import heard
from orch.runtime.runner import harmless, on_runner
from orch.runtime.secrets import declared
from orch.stacks.load import load_settings
from orch.stacks.secrets import with_secrets
from orch.stacks.settings import active_stack


@click.command("run")
@arguments.reference
@arguments.set_option
@arguments.config_option
@click.option("--step", "steps", metavar="ID", multiple=True, help="Run this step or leg alone, on what the last runs left; once for each.")
@click.option("--from", "first", metavar="ID", help="Run this step and all below it, on what the last runs left.")
@click.option("--logical-date", metavar="WHEN", help="The moment that the run is for, as 2026-03-29T02:30; its start without.")
@click.option("--jobs", metavar="N", type=click.IntRange(min=1), help="Run at most N steps at a time; as many as processors without.")
@click.option("--stack", metavar="NAME", help="Use this stack instead of the active one.")
@arguments.no_cache_option
@arguments.json_option
def command(
    reference: str,
    assignments: tuple[str, ...],
    config: Path | None,
    steps: tuple[str, ...],
    first: str | None,
    logical_date: str | None,
    jobs: int | None,
    stack: str | None,
    no_cache: bool,
    as_json: bool,
) -> int:
    """Run the pipeline of FILE, or the one named PIPELINE if it has several.

    Its steps run on the active stack's orchestrator: by default on this machine, in dependency order, in worker
    processes. A step whose result is known from an earlier run does not run again. The exit code is 1 if a step failed;
    what succeeded is kept.
    """
    if steps and first is not None:
        raise UsageError("--step and --from do not go together", hint="--from runs a step and all below it; name single steps with --step")
    texts = arguments.parse_assignments(assignments)
    file, _ = split_reference(reference)
    with heard():
        graph = load_graph(reference)
    parameters = arguments.values_for(graph.parameters, texts, config)
    part = part_of(graph, steps) if steps else part_from(graph, first) if first is not None else None
    record = run_graph(
        graph,
        find_project(file),
        parameters,
        stack=stack,
        jobs=jobs,
        json=as_json,
        again=reference,
        cache=not no_cache,
        part=part,
        logical_date=None if logical_date is None else dates.parse(logical_date, dates.zone_of(graph.triggers)),
    )
    return record.exit_code


def run_graph(
    graph: Graph,
    project: Project,
    parameters: Mapping[str, object],
    *,
    stack: str | None = None,
    jobs: int | None = None,
    json: bool = False,
    again: str = "",
    cache: bool = True,
    part: Part | None = None,
    logical_date: datetime | None = None,
) -> RunRecord:
    """Run and show a traced pipeline, with values for all its parameters. `again` is how it was named on a command line."""
    settings = load_settings(project.git_root)
    name, active = active_stack(settings, stack, os.environ)
    # Inside a job there is nothing left to dispatch: the job is where the pipeline runs.
    if active.orchestrator == "github" and not on_runner():
        message = f"stack {name!r} runs pipelines on GitHub, and a run there cannot be started from here yet"
        named = again or graph.source.rpartition(":")[0]
        raise UsageError(message, hint=f"`orch act {named}` runs its workflow on this machine, `orch run {named} --stack local` its steps")
    home = Home.of(project.git_root)
    transport = None
    if active.store_url:
        from orch.transports import open_transport

        transport = open_transport(active.store_url)
        transport.check()  # before the first step, and not when the last one has ended
    with show(home.runs, json=json) as display:
        return local.run(
            graph,
            project,
            parameters,
            jobs=jobs or local.default_jobs(),
            home=home.path,
            sink=display,
            cache=cache,
            part=part,
            logical_date=logical_date,
            pickles=settings.pickle,
            transport=transport,
            placement=Placement(active.target, active.docker),
            tell=lambda text: click.echo(harmless(text), err=True),
            environment=os.environ if on_runner() else with_secrets(declared(graph.steps), project.git_root, os.environ),
            trigger=os.environ.get("GITHUB_EVENT_NAME", "manual") if on_runner() else "manual",
        )
