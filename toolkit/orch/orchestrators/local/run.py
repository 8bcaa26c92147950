"""A pipeline, or a part of one, on this machine: everything that a run is made of, put together and taken apart again."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from orch.authoring.project import Project
from orch.errors import raise_problems
from orch.model import dates, values
from orch.model.canonical import Json
from orch.model.events import EventSink, RunEnded, RunStarted
from orch.model.flags import parameter_problems
from orch.model.graph import Graph
from orch.model.records import StepRecord
from orch.model.runs import RunInfo, RunRecord, fold
from orch.model.states import State
from orch.orchestrators.local import away, preflight
from orch.orchestrators.local.away import Placement
from orch.orchestrators.local.broken_off import broken_off
from orch.orchestrators.local.cache import Cache, Use
from orch.orchestrators.local.drive import Drive
from orch.orchestrators.local.home import Home, RunFolder, laid_out, lay_out_files
from orch.orchestrators.local.journal import Journal
from orch.orchestrators.local.parts import Part, last_results
from orch.orchestrators.local.shared import Shared
from orch.orchestrators.local.single_legs import check_legs, single_legs
from orch.runtime import clock, interrupts
from orch.runtime.execute import Setup
from orch.runtime.masked import masked_values
from orch.runtime.pool import Pool
from orch.runtime.redact import Redactor
from orch.runtime.secrets import missing, redactor
from orch.stores.local import LocalStore
from orch.stores.transport import Transport


def run(
    graph: Graph,
    project: Project,
    parameters: Mapping[str, object],
    *,
    jobs: int,
    home: Path,
    sink: EventSink,
    environment: Mapping[str, str] | None = None,
    trigger: str = "manual",
    run_id: str | None = None,
    attempt: int = 1,
    cache: bool = True,
    part: Part | None = None,
    earlier: Mapping[str, StepRecord] | None = None,
    logical_date: datetime | None = None,
    is_dated: bool = True,
    pickles: str = "allow",
    transport: Transport | None = None,
    placement: Placement | None = None,
    tell: Callable[[str], object] = lambda _: None,
) -> RunRecord:
    """Run every step of `graph` that its needs allow; raises before the first step where one cannot run at all.

    A failure, or Ctrl-C, is told by the record's state. `environment` is what steps inherit, without the secrets that
    other steps declare. Without `cache`, nothing is taken from earlier runs; with `part`, only its steps run, on the
    `earlier` ends of those that it reads from, or else on what earlier runs left. Without a `logical_date`, the run is for the
    moment of its start. With `pickles="forbid"`, what only a pickle can keep is neither saved nor loaded. With a `transport`,
    results that are missing here are taken from its other side, and the run's outputs go there. `placement` is for steps that name no
    target; `tell` hears of what takes its time before the first step starts.
    """
    environment = dict(os.environ if environment is None else environment)
    graph = away.placed(part.graph if part else graph, placement or away.Placement())
    raise_problems([*away.unsupported(graph), *missing(graph.steps, environment)])
    redact = redactor(graph.steps, environment)
    given = {name: values.encode(value) for name, value in parameters.items()}
    raise_problems(parameter_problems(graph.steps, given))
    started = clock.now()
    zone = dates.zone_of(graph.triggers) or "UTC"
    info = RunInfo(
        run=run_id or preflight.new_run_id(started),
        attempt=attempt,
        pipeline=graph.pipeline,
        orchestrator="local",
        started=clock.rfc3339(started),
        parameters=masked_values(given, redact),
        trigger=trigger,
        source=f"{project.name}/{graph.source}".removeprefix("./"),
        commit=preflight.commit_of(project.git_root, environment),
        actor=environment.get("GITHUB_ACTOR", ""),
        part=part.names if part else (),
        logical_date=(logical_date or dates.at(started, zone)).isoformat() if is_dated else "",
    )
    place = Home.at(home, project.git_root)
    use = Use(reads=cache and not part, keeps=not part)
    hidden = {name for step in graph.steps for name in step.settings.secrets}
    may_unpickle = pickles == "allow"
    specs = away.specs(graph, tell)
    images = {step: spec.image for step, spec in specs.items()}
    with place.in_use():
        shared = Shared(LocalStore(place.store), transport)
        if earlier is None:
            earlier = last_results(part, place, shared, may_unpickle=may_unpickle, parameters=given) if part else {}
        singled = single_legs(part, place, shared) if part and part.legs else {}
        raise_problems(check_legs(singled, part, earlier, given) if part else ())
        results = Cache(
            graph,
            project,
            info,
            place,
            use,
            parameters=given,
            redact=redact,
            shared=shared,
            besides=earlier,
            may_unpickle=may_unpickle,
            images=images,
        )
        with ExitStack() as held:
            folder = _own_folder(place, info, held)
            journal = Journal(folder, sink)
            programs = held.enter_context(away.programs(specs, project, info, place, folder, results.gathered))
            setup = _setup(project, info, zone, given, place)._replace(pickles=pickles)
            pool = Pool(jobs, setup, environment, journal.output, hidden=hidden, programs=programs)
            return _drive(Drive(graph, info, pool, journal, results, earlier, singled), folder, redact)


def _own_folder(home: Home, info: RunInfo, held: ExitStack) -> RunFolder:
    """A run of GitHub's is known by one id, and has a folder here for each attempt, and each time that one of them runs a pipeline."""
    first = info.run if info.attempt == 1 else f"{info.run}-a{info.attempt}"
    for name in chain([first], (f"{first}-{number}" for number in count(2))):
        with suppress(FileExistsError):
            return held.enter_context(home.running(name))
    raise AssertionError("numbers do not end")


def _drive(drive: Drive, folder: RunFolder, redact: Redactor) -> RunRecord:
    """From the first event to the last, and to its record, also where an error ends it."""
    info, journal = drive.info, drive.journal
    folder.write_run(RunRecord(info, State.RUNNING, ()))
    journal.sink(RunStarted(info, drive.graph))
    tick = clock.monotonic()
    try:
        record = _ended(drive, folder, tick)
        drive.cache.shared.give(record.steps)
    except BaseException as error:
        told = journal.records.values()
        record = broken_off(info, drive.graph, told, error, redact=redact, duration=clock.monotonic() - tick)
        folder.break_off(record)
        raise
    finally:
        journal.sink(RunEnded(record))
    return record


def _ended(drive: Drive, folder: RunFolder, tick: float) -> RunRecord:
    """The record of a run that came to its end."""
    info, graph, journal = drive.info, drive.graph, drive.journal
    try:
        with interrupts.caught() as interrupted:
            drive.pool.wake_on(interrupted.descriptor)
            drive.loop(interrupted)
            while not drive.was_stopped and drive.repair(laid_out(graph, journal.records.values())):
                drive.loop(interrupted)
    finally:
        drive.pool.close()
        journal.close()
        drive.cache.close()
    record = fold(info, graph, journal.records.values(), ended=clock.rfc3339(clock.now()), duration=clock.monotonic() - tick)
    if drive.was_stopped:
        record = replace(record, state=State.CANCELLED)
    lay_out_files(graph, record, drive.cache.store, folder)
    folder.write_run(record)
    return record


def _setup(project: Project, info: RunInfo, zone: str, parameters: Mapping[str, Json], home: Home) -> Setup:
    return Setup(
        git_root=str(project.git_root),
        root=str(project.root),
        store=str(home.store),
        scratch="",
        run=info.run,
        pipeline=info.pipeline,
        trigger=info.trigger,
        attempt=info.attempt,
        parameters=parameters,
        verify=True,  # what other process trees wrote; the store of this one has no name in an order
        secrets=[],
        logical_date=info.logical_date,
        timezone=zone,
    )
