"""`orch pack run`: several steps of a pipeline in one job, by the local scheduler, on what other jobs delivered.

Inputs, outputs and records are as those of `orch step run`, so that the other jobs need not know who shared one; the
standard library only, as in any job.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from orch import files
from orch.authoring.project import Project
from orch.errors import ExitCode, InputMissingError, OrchError
from orch.model import dates
from orch.model.graph import Graph, Step
from orch.model.records import StepRecord
from orch.model.runs import RunRecord
from orch.model.states import State, fold_states
from orch.orchestrators.local.home import Home
from orch.orchestrators.local.in_job import JobLog
from orch.orchestrators.local.parts import Part, part_of
from orch.orchestrators.local.preflight import default_jobs
from orch.orchestrators.local.run import run
from orch.orchestrators.local.without_inputs import WithoutInputs, write_record
from orch.runtime import arguments, runner
from orch.runtime.delivered import RECORDS, newest_records
from orch.runtime.graph_files import read_graph
from orch.runtime.inputs import given_parameters
from orch.runtime.project import project_at
from orch.runtime.summary import step_summary
from orch.stores.local import LocalStore


def main(argv: list[str], environment: Mapping[str, str], stdout: TextIO) -> int:
    """Exit code 0, 1 (a step failed) or 130; raises OrchErrors where the pack cannot start."""
    options = arguments.parse(
        argv, required=["graph", "steps", "inputs", "outputs", "record"], optional=["project", "pickle", "logical-date"]
    )
    graph = read_graph(Path(options["graph"]))
    part = part_of(_here(graph), options["steps"].split(","))
    project = project_at(graph.project, Path(options.get("project", graph.project)).resolve())
    outputs, records = (Path(options[name]).resolve() for name in ("outputs", "record"))
    with tempfile.TemporaryDirectory(prefix="orch-pack-", dir=environment.get("RUNNER_TEMP")) as folder:
        home = Home.at(Path(folder), project.git_root)
        earlier, refused = delivered(part, Path(options["inputs"]).resolve(), LocalStore(home.store))
        if refused:  # absent or damaged: no step of the pack runs, and their records say why
            without = WithoutInputs(part, project, refused, records, environment, stdout, pickles=arguments.pickles(options))
            ended = without.run()
            _tell(fold_states([step.state for step in ended]), ended, graph, environment)
            return ExitCode.STEP_FAILED
        record = _run(part, project, home, earlier, options, environment, stdout)
        hand_over(record, part, home, outputs, records)
    _tell(record.state, record.steps, graph, environment)
    return record.exit_code


def _run(
    part: Part,
    project: Project,
    home: Home,
    earlier: Mapping[str, StepRecord],
    options: Mapping[str, str],
    environment: Mapping[str, str],
    stdout: TextIO,
) -> RunRecord:
    graph = part.graph
    given_date = options.get("logical-date")
    return run(
        graph,
        project,
        given_parameters(graph.parameters, environment),
        jobs=_at_once(part),
        home=home.path,
        sink=JobLog(stdout, on_runner=runner.on_runner(environment)),
        environment={name: value for name, value in environment.items() if name != "ORCH_INPUTS"},
        trigger=environment.get("GITHUB_EVENT_NAME", "manual"),
        run_id=environment.get("GITHUB_RUN_ID"),
        attempt=int(environment.get("GITHUB_RUN_ATTEMPT") or 1),
        part=part,
        earlier=earlier,
        is_dated=given_date is not None,
        logical_date=None if given_date is None else dates.parse(given_date, dates.zone_of(graph.triggers)),
        pickles=arguments.pickles(options),
    )


def _here(graph: Graph) -> Graph:
    """Whoever compiled it has sent its steps to this job."""
    return replace(graph, steps=tuple(replace(step, settings=step.settings._replace(target=None)) for step in graph.steps))


def _at_once(part: Part) -> int:
    """One at a time where a step asks for resources: the runner has them once."""
    return 1 if any(step.settings.resources for step in part.graph.steps) else default_jobs()


def delivered(part: Part, inputs: Path, store: LocalStore) -> tuple[dict[str, StepRecord], dict[str, OrchError]]:
    """What each step that the part reads from has made, by its job, and what is wrong where that is absent or damaged."""
    found = newest_records(inputs) if inputs.is_dir() else {}
    earlier: dict[str, StepRecord] = {}
    refused: dict[str, OrchError] = {}
    for step in part.producers:
        try:
            record, folder = found.get(step.id, (None, inputs))
            earlier[step.id] = _taken(step, record, folder, store)
        except OrchError as error:
            refused[step.id] = error
    return earlier, refused


def _taken(step: Step, record: StepRecord | None, folder: Path, store: LocalStore) -> StepRecord:
    for output in step.outputs:
        if record is None or output.name not in record.outputs:
            hint = "its job must have succeeded in this run; if its artifact expired or was deleted, re-run all jobs"
            raise InputMissingError(f"step {step.id!r} delivered no output {output.name!r}", hint=hint)
    assert record is not None
    kept = {output.name: record.outputs[output.name] for output in step.outputs}
    store.transfer((digest for artifact in kept.values() for digest in artifact.digests), LocalStore(folder, verify=True))
    return StepRecord(step.id, State.CACHED, outputs=kept, reason="made by another job", flags=record.flags)


def hand_over(record: RunRecord, part: Part, home: Home, outputs: Path, records: Path) -> None:
    """The steps' outputs into one folder with their objects, their records and logs each into one of its own."""
    store, (folder,) = LocalStore(outputs), home.folders()
    for ended in record.steps:
        if ended.step not in part.steps:
            continue
        # Which packages count is for the result job to say, as for every job: it tells keys of what the lock says.
        told = replace(ended, key="", facts={}, cause="")
        text = write_record(told, records)
        log = folder.log(told.step)
        if log.is_file():
            files.unlink(records / told.step / "log.txt")
            files.copy(log, records / told.step / "log.txt")
        if told.state is State.SUCCEEDED and told.outputs:
            store.transfer((digest for artifact in told.outputs.values() for digest in artifact.digests), LocalStore(home.store))
            files.make_folders(outputs / RECORDS)
            files.write_atomic(outputs / RECORDS / f"{told.step}.json", text)


def _tell(state: State, steps: Sequence[StepRecord], graph: Graph, environment: Mapping[str, str]) -> None:
    made = any(step.state is State.SUCCEEDED and step.outputs for step in steps)
    runner.append_output("state", str(state), environ=environment)
    runner.append_output("outputs", "true" if made else "false", environ=environment)
    runner.append_summary(lambda: "".join(step_summary(graph.pipeline, step) for step in steps if step.started), environ=environment)
