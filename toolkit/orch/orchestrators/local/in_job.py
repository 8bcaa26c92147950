"""`orch pipeline run`: a whole pipeline inside one job, by the local scheduler; the standard library only, as in any job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from orch.authoring.load import load_graph, split_reference
from orch.authoring.project import find_project
from orch.errors import UsageError
from orch.model import dates
from orch.model.events import Event, RunEnded, RunStarted, StepEnded, StepOutput, StepStarted
from orch.model.graph import Graph
from orch.model.runs import RunRecord
from orch.orchestrators.local.preflight import default_jobs
from orch.orchestrators.local.run import run
from orch.runtime import arguments, runner
from orch.runtime.inputs import given_parameters
from orch.runtime.lines import last_states
from orch.runtime.loading import heard
from orch.runtime.summary import render


def main(argv: list[str], environment: Mapping[str, str], stdout: TextIO) -> int:
    """Exit code 0, 1 (a step failed) or 130; raises OrchErrors where the pipeline cannot start."""
    options = arguments.parse(argv, required=["pipeline", "home"], optional=["jobs", "logical-date", "pickle"])
    # What the user's modules print is data, too; a runner reads two streams in no order, so it goes where the commands go.
    with heard(stdout, environment):
        graph = load_graph(options["pipeline"])
    project = find_project(split_reference(options["pipeline"])[0])
    given_date = options.get("logical-date")
    record = run(
        graph,
        project,
        given_parameters(graph.parameters, environment),
        jobs=_jobs(options.get("jobs")),
        home=Path(options["home"]).resolve(),
        sink=JobLog(stdout, on_runner=runner.on_runner(environment)),
        environment={name: value for name, value in environment.items() if name != "ORCH_INPUTS"},
        trigger=environment.get("GITHUB_EVENT_NAME", "manual"),
        run_id=environment.get("GITHUB_RUN_ID"),
        attempt=int(environment.get("GITHUB_RUN_ATTEMPT") or 1),
        logical_date=None if given_date is None else dates.parse(given_date, dates.zone_of(graph.triggers)),
        pickles=arguments.pickles(options),
    )
    _tell(record, graph, environment)
    return record.exit_code


def _jobs(text: str | None) -> int:
    if text is None:
        return default_jobs()
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"--jobs is {text!r}, expected a whole number from 1")
    return int(text)


def _tell(record: RunRecord, graph: Graph, environment: Mapping[str, str]) -> None:
    has_outputs = any(step.outputs for step in record.steps)
    runner.append_output("state", str(record.state), environ=environment)
    runner.append_output("outputs", "true" if has_outputs else "false", environ=environment)
    runner.append_summary(lambda: render(record, graph), environ=environment)


class JobLog:
    """The run as lines of a job's log: while steps run, no line of theirs can command the runner."""

    def __init__(self, stdout: TextIO, *, on_runner: bool) -> None:
        self.stdout = stdout
        self.on_runner = on_runner
        self.token = runner.new_token()

    def __call__(self, event: Event, /) -> None:
        match event:
            case RunStarted(info):
                self._print(f"run {info.run} of {info.pipeline}")
                self._command(runner.stop_commands(self.token))
            case StepStarted(step, tries):
                self._print(f"{step}: started" + (f" (try {tries})" if tries > 1 else ""))
            case StepOutput(step, text):
                self._print("\n".join(f"{step} | {line}" for line in last_states(text).splitlines()))
            case StepEnded(record):
                reason = f" ({record.reason})" if record.reason else ""
                self._print(f"{record.step}: {record.state} in {record.duration:.1f} s{reason}")
                if record.failure:
                    self._print(record.failure.traceback or record.failure.message)
            case RunEnded(run_record):
                self._command(runner.resume_commands(self.token))
                for step_record in run_record.steps:
                    if step_record.failure:
                        self._command(runner.failure_annotation(step_record.step, step_record.failure))
                    if step_record.hook:
                        self._command(runner.hook_annotation(step_record.step, step_record.hook))
                self._print(f"{run_record.info.pipeline}: {run_record.state} in {run_record.duration:.1f} s")

    def _command(self, line: str) -> None:
        if self.on_runner:
            self._print(line)

    def _print(self, text: str) -> None:
        self.stdout.write(f"{text}\n")
        self.stdout.flush()
