"""`orch step take`: outputs of earlier runs that a step of this run reads, put where the artifacts of this run's jobs lie.

The plan job has decided that they fit, and says by their digests which they are. One that is gone stays absent, and the step says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from orch import files
from orch.errors import ExitCode, MapError, OrchError, ParameterError, RecordError
from orch.model import canonical
from orch.model.canonical import Json
from orch.model.fan import step_of
from orch.model.graph import Graph
from orch.model.index import Entry
from orch.model.matrix import counted, dealt_legs, items_of_job, read_tables
from orch.model.records import StepRecord
from orch.model.states import State
from orch.model.steps import OutputRef, Step
from orch.runtime import arguments, runner
from orch.runtime.api import Api
from orch.runtime.delivered import RECORDS, newest_records
from orch.runtime.fetching import digests, fetcher, wanted_of
from orch.runtime.graph_files import read_graph
from orch.runtime.planned import Planned, check_of_digests


def main(argv: list[str], environment: Mapping[str, str], stdout: TextIO) -> int:
    options = arguments.parse(argv, required=["graph", "step", "inputs"], optional=["leg"])
    graph = read_graph(Path(options["graph"]))
    members = [graph[step] for step, job in graph.job_of.items() if job == options["step"]]
    inputs = Path(options["inputs"]).resolve()
    sources = read_sources(environment.get("ORCH_SOURCES", ""))
    wanted = {producer: sources[producer] for step in members for producer in step.producers if producer in sources}
    if not wanted:
        return ExitCode.OK
    api = Api.of_job(environment, log=lambda text: _print(stdout, runner.harmless(text, environ=environment)))
    attempt = int(environment.get("GITHUB_RUN_ATTEMPT") or 1)

    def tell(producer: str, run: str, error: OrchError) -> None:
        told = f"the outputs of {producer!r}, which run {run} keeps, cannot be had: {error.message}"
        _print(stdout, runner.annotation("error", told, title=error.code))

    for producer, source in wanted.items():
        if "plan" not in source:
            try:
                take_source(api, producer, source, inputs, attempt)
            except OrchError as error:
                tell(producer, source["run"], error)
    mapped = [producer for producer, source in wanted.items() if "plan" in source]
    entries: dict[str, Entry] = {}
    try:
        entries = _legs_read(graph, members, mapped, inputs, options.get("leg", ""), environment) if mapped else {}
    except OrchError as error:  # the step says what is absent
        told = f"where earlier runs keep the outputs of {', '.join(mapped)} is not known: {error.message}"
        _print(stdout, runner.annotation("error", told, title=error.code))
    for leg, problem in take_legs(api, entries, inputs, attempt) if entries else ():
        tell(leg, entries[leg].run, problem)
    return ExitCode.OK


def _legs_read(
    graph: Graph, members: Sequence[Step], mapped: Collection[str], inputs: Path, leg: str, environment: Mapping[str, str]
) -> dict[str, Entry]:
    """What the plan has taken of the steps `mapped`, as far as this job reads it: a leg that maps over legs reads one of each."""
    planned = Planned.read(inputs) if inputs.is_dir() else None
    if planned is None:
        raise RecordError("the plan of this run is not there", hint="re-run all jobs")
    readers = [each for step in members for each in (_own_legs(graph, step, leg, environment) if step.fan else (step,))]
    read = {ref.step for reader in readers for ref in reader.references if isinstance(ref, OutputRef)}
    return {name: entry for name, entry in planned.taken.items() if step_of(name) in mapped and not read.isdisjoint((name, step_of(name)))}


def _own_legs(graph: Graph, step: Step, leg: str, environment: Mapping[str, str]) -> list[Step]:
    dealt = counted(graph.by_id, step, read_tables(environment.get("ORCH_LEGS", "")))
    try:
        legs = dealt_legs(step, dealt["sizes"], graph.mapped)
        return [legs[index] for index in items_of_job(len(legs), int(leg))]
    except (MapError, ValueError, IndexError):  # the step itself says so
        return []


def read_sources(text: str) -> dict[str, Json]:
    """Of the plan job's output, by step; raises ParameterError."""
    try:
        data = canonical.loads(text) if text.strip() else {}
        return {step: _source(source) for step, source in data.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        hint = "pass needs.orch-plan.outputs.sources"
        raise ParameterError(f"ORCH_SOURCES is not what a plan job says: {error}", hint=hint) from error


def _source(data: Json) -> Json:
    if data == {"plan": True}:
        return data
    texts = (data["run"], data["check"], data.get("step", ""))
    if not (all(type(each) is str for each in texts) and all(type(each) is int for each in data["artifacts"])):
        raise TypeError(f"{data!r} is no source")
    return data


def take_source(api: Api, producer: str, source: Mapping[str, Json], inputs: Path, attempt: int) -> None:
    """The artifacts of `source` stand for what a job of `producer` in this run would have uploaded, and for what others may have."""
    folder = folder_of(producer, inputs)
    with fetcher(api, [(source["run"], number) for number in source["artifacts"]]) as found:
        outputs = found.outputs(source.get("step", producer), source["run"], source["artifacts"], folder)
    if check_of_digests(digests(outputs)) != source["check"]:
        files.remove_tree(folder)
        raise RecordError("its artifacts hold other outputs than the plan has seen")
    _put([StepRecord(producer, State.CACHED, attempt, outputs=outputs, cached_from=source["run"])], inputs)


def take_legs(api: Api, entries: Mapping[str, Entry], inputs: Path, attempt: int) -> list[tuple[str, OrchError]]:
    """The same for legs, by name, as the plan knows them; gives those that cannot be had, and why."""
    taken: list[StepRecord] = []
    absent: list[tuple[str, OrchError]] = []
    with fetcher(api, wanted_of(entries.values())) as found:
        for leg, entry in entries.items():
            try:
                outputs = found.entry(entry, folder_of(leg, inputs))
            except OrchError as error:
                absent.append((leg, error))
            else:
                taken.append(StepRecord(leg, State.CACHED, attempt, outputs=outputs, cached_from=entry.run))
    _put(taken, inputs)
    return absent


def folder_of(producer: str, inputs: Path) -> Path:
    return inputs / f"orch-earlier-{producer}"


def _put(records: Sequence[StepRecord], inputs: Path) -> None:
    """In place of what other jobs, or attempts before this one, have uploaded of these."""
    delivered = newest_records(inputs)
    for record in records:
        if record.step in delivered:
            for name in ("record.json", f"{RECORDS}/{record.step}.json"):
                files.unlink(delivered[record.step][1] / name)
        files.write_atomic(folder_of(record.step, inputs) / "record.json", canonical.pretty(record.to_json()).encode())


def _print(stdout: TextIO, text: str) -> None:
    stdout.write(f"{text}\n")
    stdout.flush()
