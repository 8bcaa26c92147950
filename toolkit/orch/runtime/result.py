"""The result job: folds the records of a run's jobs into the run's record, and says whether the run passed.

GitHub's word on each job (`needs`) stands beside the step's own record, because a job can fail before its step starts
(no environment) or after it succeeded (no upload), and then the record alone would tell another story.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from orch import files
from orch.errors import ExitCode, OrchError, RecordError
from orch.model import canonical, values
from orch.model.canonical import Json
from orch.model.gathered import fold_legs
from orch.model.graph import Graph
from orch.model.records import Failure, StepRecord, newest
from orch.model.runs import RunInfo, RunRecord, fold
from orch.model.states import State
from orch.names import PLAN_JOB, RUN_FILE, outputs_artifact
from orch.runtime import clock, runner, summary
from orch.runtime.arguments import parse
from orch.runtime.clock import Clock
from orch.runtime.delivered import read_record
from orch.runtime.gates import told_of_gates
from orch.runtime.graph_files import read_graph
from orch.runtime.inputs import given_parameters
from orch.runtime.leg_results import counts, is_name, reconcile_legs
from orch.runtime.modes import under_mode
from orch.runtime.shared_jobs import results_of_steps

if TYPE_CHECKING:
    from orch.runtime.keeping import Keeping


@dataclass(frozen=True, slots=True)
class Reported:
    """One record artifact as a job uploaded it."""

    record: StepRecord
    folder: Path


def fold_run(
    info: RunInfo,
    graph: Graph,
    records: Iterable[StepRecord],
    results: Mapping[str, str],
    *,
    ended: float,
    legs: Mapping[str, int] | None = None,
) -> RunRecord:
    """The run's record from its steps' records and GitHub's `results` (success, failure, cancelled, skipped) of their jobs.

    `legs` tells how many each mapped step has, where that is known.
    """
    uploaded = newest(records)
    results = results_of_steps(graph, results, uploaded)
    reconciled = []
    for step in graph.steps:
        if step.fan:
            reconciled += reconcile_legs(step, uploaded, (legs or {}).get(step.id), results.get(step.id, ""), info.attempt)
            continue
        told = reconcile(step.id, uploaded.get(step.id), results.get(step.id, ""), info.attempt)
        reconciled += [told] if told else []
    reconciled += under_mode(graph, {record.step: record for record in reconciled}, results, info.attempt)
    started = min((record.started for record in reconciled if _seconds(record.started) is not None), default="")
    duration = ended - (_seconds(started) or 0.0) if started else 0.0
    empty = {step: fold_legs(graph[step], [], info.attempt) for step, count in (legs or {}).items() if count == 0}
    return fold(replace(info, started=started), graph, reconciled, ended=clock.rfc3339(ended), duration=duration, empty=empty)


def _seconds(moment: str) -> float | None:
    """None also where a record, which any job could have written, has something else in that place."""
    try:
        return datetime.fromisoformat(moment).timestamp()
    except (ValueError, OverflowError):
        return None


def reconcile(step: str, record: StepRecord | None, result: str, attempt: int) -> StepRecord | None:
    """What to believe of a step; None leaves it to the fold (it did not start)."""
    if record is not None and record.attempt < attempt and not _agrees(record.state, result):
        record = None  # of an earlier attempt, and this one ended otherwise
    if record is None:
        if result in ("failure", "success"):
            message = "the job failed before the step could report: its log says why"
            if result == "success":
                message = "the step's record is missing: re-run all jobs"
            return StepRecord(step, State.FAILED, attempt, failure=Failure("exit", message))
        return StepRecord(step, State.CANCELLED, attempt, reason="the job was cancelled") if result == "cancelled" else None
    if record.state.has_outputs and result in ("failure", "cancelled"):
        message = f"the step succeeded, then its job ended as {result!r}: its outputs may not have been uploaded"
        return replace(record, state=State.FAILED, failure=Failure("output", message))
    return record


def _agrees(state: State, result: str) -> bool:
    match result:
        case "success":
            return state.has_outputs or state is State.SKIPPED
        case "failure":
            return state in (State.FAILED, State.SKIPPED)  # skipped by the execution mode: see `orch.runtime.mode`
        case "cancelled":
            return state is State.CANCELLED
        case "skipped":
            return state in (State.SKIPPED, State.CANCELLED)
        case _:
            return True


def read_reports(folder: Path, graph: Graph) -> tuple[list[Reported], list[OrchError]]:
    """The records of `graph`'s steps below `folder` in a stable order, and what is wrong with the others."""
    reports: list[Reported] = []
    problems: list[OrchError] = []
    # The download action gives each artifact a folder of its own, except where there is only one.
    for path in sorted(folder.rglob("record.json")):
        try:
            report = Reported(read_record(path), path.parent)
        except RecordError as error:
            problems.append(error)
            continue
        if is_name(graph, report.record.step):  # a step's id becomes part of paths
            reports.append(report)
        else:
            problems.append(RecordError(f"{path.parent.name}/{path.name} is of {report.record.step!r}, which is no step of this pipeline"))
    return reports, problems


def write_run(record: RunRecord, reports: Iterable[Reported], folder: Path) -> None:
    """`record` and the logs, in the layout of every run: run.json, logs/."""
    files.make_folders(folder / "logs")
    for report in sorted(reports, key=lambda report: report.record.attempt):
        step = report.record.step
        log = report.folder / "log.txt"
        if log.is_file() and not log.is_symlink():
            files.unlink(folder / "logs" / f"{step}.log")  # of an earlier attempt
            files.copy(log, folder / "logs" / f"{step}.log")
    files.write_atomic(folder / RUN_FILE, canonical.pretty(record.to_json()).encode())


def info_from(env: Mapping[str, str], graph: Graph) -> RunInfo:
    """What GitHub says of the run it is in: https://docs.github.com/actions/reference/workflows-and-actions/variables."""
    under_act = env.get("ACT") == "true"
    run = env.get("GITHUB_RUN_ID", "")
    address = f"{env.get('GITHUB_SERVER_URL', '')}/{env.get('GITHUB_REPOSITORY', '')}/actions/runs/{run}"
    folder = "" if graph.project == "." else f"{graph.project}/"
    return RunInfo(
        run=run,
        pipeline=graph.pipeline,
        orchestrator="act" if under_act else "github",
        attempt=int(env.get("GITHUB_RUN_ATTEMPT") or 1),
        parameters=_parameters(env, graph),
        trigger=env.get("GITHUB_EVENT_NAME", ""),
        source=f"{folder}{graph.source}",
        commit="" if under_act else env.get("GITHUB_SHA", ""),
        actor="" if under_act else env.get("GITHUB_ACTOR", ""),
        url="" if under_act else address,
    )


def _parameters(env: Mapping[str, str], graph: Graph) -> dict[str, Json]:
    """The run's parameters, from the workflow's inputs or else the event; none where they are not valid (each step says so)."""
    if not env.get("ORCH_INPUTS") and env.get("GITHUB_EVENT_NAME") == "workflow_dispatch" and env.get("GITHUB_EVENT_PATH"):
        inputs = json.loads(Path(env["GITHUB_EVENT_PATH"]).read_bytes()).get("inputs")
        env = {**env, "ORCH_INPUTS": canonical.dumps(inputs)}
    try:
        return {name: values.encode(value) for name, value in given_parameters(graph.parameters, env).items()}
    except OrchError:
        return {}


def artifacts_of(record: RunRecord, graph: Graph) -> dict[str, str]:
    """The artifacts of this run with the outputs of steps, by step; of a mapped step the pattern of all its artifacts."""
    attempts = {step.step: step.attempt for step in record.steps if step.state is State.SUCCEEDED and step.outputs}
    uploaded = [step for step in graph.steps if step.id in attempts]
    names = {step.id: (f"{step.id}.*", "*") if step.fan else (graph.job_of[step.id], attempts[step.id]) for step in uploaded}
    return {step: outputs_artifact(graph.pipeline, *name) for step, name in names.items()}


def _not_wanted(graph: Graph, needs: Json, attempt: int) -> list[StepRecord]:
    """All steps, where the plan job wants none, with its reason."""
    reason = needs.get(PLAN_JOB, {}).get("outputs", {}).get("reason", "")
    return [StepRecord(step.id, State.SKIPPED, attempt, reason=reason) for step in graph.steps] if reason else []


def _logical_date(needs: Json) -> str:
    """As the plan job told all others."""
    said = needs.get(PLAN_JOB, {}).get("outputs", {}).get("logical-date", "")
    return said if _seconds(said) is not None else ""


def _keeping(options: Mapping[str, str], graph: Graph, needs: Json, stdout: TextIO) -> Keeping | None:
    """None where results of earlier runs are not looked for."""
    mode = options.get("cache", "off")
    if mode == "off":
        return None
    from orch.runtime.keeping import Keeping
    from orch.runtime.project import project_at

    def warn(text: str) -> None:
        stdout.write(runner.annotation("warning", text, title="orch") + "\n")

    project = project_at(graph.project, Path(options.get("project", graph.project)).resolve())
    return Keeping.of(graph, project, mode, Path(options["records"]), needs, warn)


def passed(record: RunRecord, results: Mapping[str, str]) -> bool:
    return record.state is State.SUCCEEDED and not {"failure", "cancelled"} & set(results.values())


def main(arguments: list[str], env: Mapping[str, str] = os.environ, *, stdout: TextIO | None = None, now: Clock = clock.now) -> int:
    """`orch result run`: exit 0 if all of the run passed, 1 if not."""
    stdout = stdout or sys.stdout
    options = parse(arguments, required=["graph", "records", "output"], optional=["project", "cache", "index"])
    records, output = Path(options["records"]), Path(options["output"])
    graph = read_graph(Path(options["graph"]))
    needs = json.loads(env.get("ORCH_NEEDS") or "{}")
    results = {job: str(need.get("result", "")) for job, need in needs.items()}
    reports, problems = read_reports(records, graph)
    info = replace(info_from(env, graph), logical_date=_logical_date(needs))
    keeping = _keeping(options, graph, needs, stdout)
    cached = keeping.cached(info.attempt) if keeping else []
    told_off = _not_wanted(graph, needs, info.attempt)
    reported = [*(report.record for report in reports), *cached, *told_off]
    record = fold_run(info, graph, reported, results, ended=now(), legs=counts(graph, needs))
    if keeping and "index" in options:
        record = keeping.keep(record, env, Path(options["index"]), now=now())
        runner.append_output("index", "true" if Path(options["index"]).is_dir() else "false", environ=env)
    record = told_of_gates(record, graph, results)
    write_run(record, reports, output)
    for problem in problems:
        stdout.write(runner.annotation("error", problem.message, title="orch") + "\n")
    told = []
    for step in record.steps:
        why = " ".join((step.failure.message if step.failure else step.reason).split())
        told.append(f"{step.step}: {step.state}" + (f" ({why})" if why else ""))
    told.append(f"{record.info.pipeline}: {record.state}")
    stdout.write(runner.harmless("\n".join(told), environ=env) + "\n")
    stdout.flush()
    runner.append_summary(lambda: summary.render(record, graph), environ=env)
    runner.append_output("state", str(record.state), environ=env)
    runner.append_output("artifacts", canonical.dumps(artifacts_of(record, graph)), environ=env)
    return ExitCode.OK if passed(record, results) and not problems else ExitCode.STEP_FAILED
