"""`orch step take`: outputs of earlier runs that a step of this run reads, put where the artifacts of this run's jobs lie.

The plan job has decided that they fit, and says by their digests which they are. One that is gone stays absent, and the step says so.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TextIO

from orch import files
from orch.errors import ExitCode, OrchError, ParameterError, RecordError, RemoteError
from orch.model import canonical
from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.records import StepRecord
from orch.model.states import State
from orch.runtime import arguments, runner
from orch.runtime.api import Api
from orch.runtime.archives import unpack_outputs
from orch.runtime.delivered import newest_records
from orch.runtime.graph_files import read_graph
from orch.runtime.planned import check_of_digests
from orch.stores.local import LocalStore

_NEEDS: Final = "actions: read"


def main(argv: list[str], environment: Mapping[str, str], stdout: TextIO) -> int:
    options = arguments.parse(argv, required=["graph", "step", "inputs"])
    graph = read_graph(Path(options["graph"]))
    members = [graph[step] for step, job in graph.job_of.items() if job == options["step"]]
    inputs = Path(options["inputs"]).resolve()
    sources = read_sources(environment.get("ORCH_SOURCES", ""))
    wanted = {producer: sources[producer] for step in members for producer in step.producers if producer in sources}
    api = Api.of_job(environment, log=lambda text: _print(stdout, runner.harmless(text, environ=environment))) if wanted else None
    attempt = int(environment.get("GITHUB_RUN_ATTEMPT") or 1)
    for producer, source in wanted.items():
        assert api is not None
        try:
            take_source(api, producer, source, inputs, attempt)
        except OrchError as error:
            told = f"the outputs of {producer!r}, which run {source['run']} keeps, cannot be had: {error.message}"
            _print(stdout, runner.annotation("error", told, title=error.code))
    return ExitCode.OK


def read_sources(text: str) -> dict[str, Json]:
    """Of the plan job's output, by step; raises ParameterError."""
    try:
        data = canonical.loads(text) if text.strip() else {}
        return {step: _source(source) for step, source in data.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        hint = "pass needs.orch-plan.outputs.sources"
        raise ParameterError(f"ORCH_SOURCES is not what a plan job says: {error}", hint=hint) from error


def _source(data: Json) -> Json:
    texts = (data["run"], data["check"], data.get("step", ""))
    if not (all(type(each) is str for each in texts) and all(type(each) is int for each in data["artifacts"])):
        raise TypeError(f"{data!r} is no source")
    return data


def take_source(api: Api, producer: str, source: Mapping[str, Json], inputs: Path, attempt: int) -> None:
    """The artifacts of `source` stand for what a job of `producer` in this run would have uploaded, and for what others may have."""
    folder = inputs / f"orch-earlier-{producer}"
    outputs = fetch(api, source.get("step", producer), source["run"], source["artifacts"], folder)
    if check_of_digests({name: artifact.digest for name, artifact in outputs.items()}) != source["check"]:
        files.remove_tree(folder)
        raise RecordError("its artifacts hold other outputs than the plan has seen")
    for step, (_, place) in newest_records(inputs).items():
        if step == producer and place != folder:
            files.unlink(place / "record.json")
    record = StepRecord(producer, State.CACHED, attempt, outputs=outputs, cached_from=source["run"])
    files.write_atomic(folder / "record.json", canonical.pretty(record.to_json()).encode())


def fetch(api: Api, step: str, run: str, artifacts: Iterable[int], folder: Path) -> dict[str, Artifact]:
    """The outputs of `step` in `artifacts` of `run`, their bytes in a store at `folder`; where that fails, nothing is left there."""
    outputs: dict[str, Artifact] = {}
    try:
        with tempfile.TemporaryDirectory(prefix="orch-earlier-") as scratch:
            for number in artifacts:
                _check_is_of(api, number, run)
                zipped = Path(scratch) / f"{number}.zip"
                api.download(number, zipped, needs=_NEEDS)
                outputs |= unpack_outputs(zipped, LocalStore(folder), step).outputs
    except BaseException:
        files.remove_tree(folder)
        raise
    return outputs


def _check_is_of(api: Api, number: int, run: str) -> None:
    """Of the run that the plan trusts, by GitHub's word: an index may name any artifact."""
    told = api.get(f"actions/artifacts/{number}", needs=_NEEDS)
    of = told.get("workflow_run") if isinstance(told, dict) else None
    if not isinstance(of, dict) or str(of.get("id")) != run:
        raise RemoteError(f"artifact {number} is not of run {run}", hint="re-run all jobs")
    if told.get("expired") is not False:
        raise RemoteError(f"artifact {number} of run {run} has expired", hint="re-run all jobs", status=410)


def _print(stdout: TextIO, text: str) -> None:
    stdout.write(f"{text}\n")
    stdout.flush()
