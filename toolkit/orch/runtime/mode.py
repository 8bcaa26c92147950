"""`orch mode check` and `orch mode cancel`: what a job of STOP_ON_FAILURE and FAIL_FAST asks of GitHub's API.

They are processes, and job steps, of their own: the token that may cancel the run is nowhere near the user's code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from orch import files
from orch.errors import ExitCode, RemoteError
from orch.model import canonical
from orch.model.canonical import Json
from orch.model.fan import leg_id
from orch.model.records import Failure, StepRecord
from orch.model.states import State
from orch.runtime import arguments, clock, runner
from orch.runtime.api import Api
from orch.runtime.failures import failure_of_orch
from orch.runtime.graph_files import read_graph_file
from orch.runtime.modes import first_failed, not_started, why_halted


def check(argv: list[str], environment: Mapping[str, str], stdout: TextIO) -> int:
    """0 where the step may start. Else its record is written, and the job ends as failed: to re-run the failed jobs takes it along."""
    options = arguments.parse(argv, required=["graph", "step", "record"])
    graph, step = read_graph_file(Path(options["graph"])), options["step"]
    attempt = int(environment.get("GITHUB_RUN_ATTEMPT") or 1)
    try:
        failed = _failed(graph, step, environment, _log(environment, stdout))
    except RemoteError as error:  # a step that must not start may be one that deploys
        failure = failure_of_orch("remote", error, "whether another job has failed is not known: ")
        record = StepRecord(step, State.FAILED, attempt, started=clock.rfc3339(clock.now()), failure=failure)
    else:
        if failed is None:
            return ExitCode.OK
        record = not_started(step, why_halted(failed, graph["execution_mode"]), attempt)
    _write(record, Path(options["record"]), _members(graph, step, environment))
    _tell(graph["pipeline"], record, environment, stdout)
    return ExitCode.UNREACHABLE if record.failure else record.state.exit_code


def _failed(graph: Json, step: str, environment: Mapping[str, str], log: Callable[[str], None]) -> str | None:
    api = Api.of_job(environment, log=log)
    run = environment.get("GITHUB_RUN_ID", "")
    jobs = api.pages(f"actions/runs/{run}/jobs", "jobs", {"filter": "latest"}, needs="actions: read")
    steps = {each["id"] for each in graph["steps"]}
    return first_failed(jobs, steps, step, environment.get("RUNNER_NAME", ""))


def _members(graph: Json, step: str, environment: Mapping[str, str]) -> Sequence[str]:
    """The steps of a pack, or the legs of this job of a matrix; none where the job is of one step."""
    leg = environment.get("ORCH_LEG", "")
    if not leg:
        return next((pack for pack in graph.get("packs", ()) if step in pack), ())
    from orch.model.matrix import counted, items_of_job, read_tables
    from orch.runtime.counting import steps_of

    steps = steps_of(graph)
    count = counted(steps, steps[step], read_tables(environment.get("ORCH_LEGS", "")))["items"]
    return [leg_id(step, index) for index in items_of_job(count, int(leg))]


def _write(record: StepRecord, folder: Path, members: Sequence[str]) -> None:
    for step, place in {step: folder / step for step in members}.items() or [(record.step, folder)]:
        files.make_folders(place)
        files.write_atomic(place / "log.txt", b"")
        files.write_atomic(place / "record.json", canonical.pretty(replace(record, step=step).to_json()).encode())


def _tell(pipeline: str, record: StepRecord, environment: Mapping[str, str], stdout: TextIO) -> None:
    from orch.runtime.summary import step_summary  # most jobs may start

    failure = record.failure or Failure("", record.reason)
    stdout.write(runner.harmless(failure.message, environ=environment) + "\n")
    if runner.on_runner(environment):
        level: runner.Level = "error" if record.failure else "notice"
        stdout.write(runner.annotation(level, failure.message, title=f"step {record.step} was not started") + "\n")
    stdout.flush()
    runner.append_output("state", str(record.state), environ=environment)
    runner.append_summary(lambda: step_summary(pipeline, record), environ=environment)


def cancel(argv: list[str], environment: Mapping[str, str], stdout: TextIO) -> int:
    """End all jobs of this run, this one with them."""
    arguments.parse(argv, required=[])
    log = _log(environment, stdout)
    run = environment.get("GITHUB_RUN_ID", "")
    try:
        Api.of_job(environment, log=log).post(f"actions/runs/{run}/cancel", needs="actions: write", repeatable=True)
    except RemoteError as error:
        if error.status != 409:  # another job was faster
            raise
    log("this step failed, and the execution mode is fail_fast: the run is cancelled")
    return ExitCode.OK


def _log(environment: Mapping[str, str], stdout: TextIO) -> Callable[[str], None]:
    def log(text: str) -> None:
        stdout.write(runner.harmless(text, environ=environment) + "\n")
        stdout.flush()

    return log
