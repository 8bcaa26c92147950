"""`orch step run`: one step in a job, container or pod. A folder of inputs in; a folder of outputs and a record out.

The user's code runs in a worker process beside this one, so that a crash or a lack of memory there still leaves a
record. Imports only what a step needs: its start is paid by every job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

from orch import files
from orch.authoring.project import Project
from orch.errors import OrchError, StoreError, UnknownStepError, raise_problems
from orch.model import canonical
from orch.model.canonical import Json
from orch.model.records import Failure, StepRecord
from orch.model.states import State
from orch.model.steps import OutputRef, Step
from orch.runtime import arguments, clock, interrupts, runner
from orch.runtime.delivered import artifacts_for
from orch.runtime.execute import Order, Setup
from orch.runtime.failures import failure_of_orch
from orch.runtime.graph_files import read_graph_file, told_of
from orch.runtime.inputs import given_parameters
from orch.runtime.last_word import call_hook, try_until_ended
from orch.runtime.lines import last_states
from orch.runtime.pool import Pool
from orch.runtime.project import project_at
from orch.runtime.secrets import missing

Log = Callable[[str], None]


def main(argv: list[str], environment: Mapping[str, str], stdout: TextIO) -> int:
    """Exit code 0, 1 (the step failed) or 130; raises OrchErrors where the command itself is wrong."""
    options = arguments.parse(
        argv, required=["graph", "step", "inputs", "outputs", "record"], optional=["project", "pickle", "logical-date"]
    )
    graph = read_graph_file(Path(options["graph"]))
    steps = {step["id"]: step for step in graph["steps"]}
    if options["step"] not in steps:
        hint = f"it has {', '.join(steps)}; orch compile writes it anew"
        raise UnknownStepError(f"no step {options['step']!r} in {options['graph']}", hint=hint)
    with told_of(Path(options["graph"])):
        step = Step.from_json(steps[options["step"]])
    project = project_at(graph["project"], Path(options.get("project", graph["project"])).resolve())
    folders = Path(options["outputs"]).resolve(), Path(options["record"]).resolve()
    date = _logical_date(graph, options.get("logical-date"))
    job = _Job(graph, step, project, *folders, environment, stdout, pickles=arguments.pickles(options), logical_date=date)
    return job.run(Path(options["inputs"]).resolve())


def _logical_date(graph: Json, given: str | None) -> tuple[str, str]:
    """It and its time zone; empty where the workflow does not say."""
    if given is None:
        return "", "UTC"
    from orch.model import dates, triggers

    zone_name = dates.zone_of(map(triggers.trigger_from_json, graph["triggers"]))
    return dates.parse(given, zone_name).isoformat(), zone_name or "UTC"


class _Job:
    def __init__(
        self,
        graph: Json,
        step: Step,
        project: Project,
        outputs: Path,
        record: Path,
        environment: Mapping[str, str],
        stdout: TextIO,
        *,
        pickles: str,
        logical_date: tuple[str, str],
    ) -> None:
        self.pickles = pickles
        self.logical_date = logical_date
        self.graph = graph
        self.step = step
        self.project = project
        self.outputs = outputs
        self.record_folder = record
        self.environment = environment
        self.stdout = stdout
        self.on_runner = runner.on_runner(environment)
        self.attempt = int(environment.get("GITHUB_RUN_ATTEMPT") or 1)

    def run(self, inputs: Path) -> int:
        for folder in (self.outputs, self.record_folder):
            try:
                files.make_folders(folder)
            except OSError as error:
                message = f"cannot write to {str(folder)!r}: {error.strerror or error}"
                raise StoreError(message, hint="name a folder that may be written to") from error
        parameters: Mapping[str, Json] = {}
        try:
            order, parameters = self._order(inputs), self._parameters()
        except OrchError as error:  # an input that is absent or damaged: the step never runs, and its record says why
            failure = failure_of_orch("input", error)
            record = StepRecord(self.step.id, State.FAILED, self.attempt, started=clock.rfc3339(clock.now()), failure=failure)
            if self.step.settings.on_failure is not None:
                record = self._in_pool(parameters, lambda pool, interrupted, _: call_hook(pool, self.step, record, interrupted))
        else:
            record = self._in_pool(parameters, lambda *given: self._execute(order, *given))
        self._write(record)
        self._tell(record)
        return record.state.exit_code

    def _order(self, inputs: Path) -> Order:
        raise_problems(missing([self.step], self.environment))
        references = [(ref.step, ref.output) for ref in self.step.references if isinstance(ref, OutputRef)]
        return Order(self.step.to_json(), artifacts_for(references, inputs) if references else {})

    def _setup(self, parameters: Mapping[str, Json]) -> Setup:
        return Setup(
            git_root=str(self.project.git_root),
            root=str(self.project.root),
            store=str(self.outputs),
            scratch="",
            run=self.environment.get("GITHUB_RUN_ID", "local"),
            pipeline=self.graph["pipeline"],
            trigger=self.environment.get("GITHUB_EVENT_NAME", "manual"),
            attempt=self.attempt,
            parameters=parameters,
            verify=True,
            secrets=[],
            logical_date=self.logical_date[0],
            timezone=self.logical_date[1],
            pickles=self.pickles,
        )

    def _parameters(self) -> Mapping[str, Json]:
        if not self.step.parameters:
            return {}
        from orch.model import parameters, values

        declared = tuple(parameters.Parameter.from_json(parameter) for parameter in self.graph["parameters"])
        resolved = given_parameters(declared, self.environment)
        return {name: values.encode(resolved[name]) for name in self.step.parameters}

    def _execute(self, order: Order, pool: Pool, interrupted: interrupts.Interrupts, log: Log) -> StepRecord:
        record = try_until_ended(pool, self.step, order, interrupted, log)
        return call_hook(pool, self.step, record, interrupted)

    def _in_pool(self, parameters: Mapping[str, Json], run: Callable[[Pool, interrupts.Interrupts, Log], StepRecord]) -> StepRecord:
        """`run`, while what the step prints goes to its log and to the job's, and cannot command the runner."""
        with files.open_log(self.record_folder / "log.txt") as file:

            def log(text: str) -> None:
                file.write(text.encode())
                self.stdout.write(last_states(text))
                self.stdout.flush()

            hidden = ("ORCH_INPUTS", *self.step.settings.secrets)
            pool = Pool(1, self._setup(parameters), self.environment, lambda _, text: log(text), hidden=hidden, may_fork=True)
            token = runner.new_token()
            self._command(runner.stop_commands(token))
            try:
                with interrupts.caught() as interrupted:
                    pool.wake_on(interrupted.descriptor)
                    return run(pool, interrupted, log)
            finally:
                pool.close()
                self._command(runner.resume_commands(token))

    # --- what is left behind ---

    def _write(self, record: StepRecord) -> None:
        text = canonical.pretty(record.to_json()).encode()
        if record.state is State.SUCCEEDED and record.outputs:
            files.write_atomic(self.outputs / "record.json", text)
        files.open_log(self.record_folder / "log.txt").close()
        files.write_atomic(self.record_folder / "record.json", text)

    def _tell(self, record: StepRecord) -> None:
        if record.failure is not None:
            self._tell_failure(record.failure, runner.failure_annotation(self.step.id, record.failure))
        if record.hook is not None:
            self._tell_failure(record.hook, runner.hook_annotation(self.step.id, record.hook))
        runner.append_output("state", str(record.state), environ=self.environment)
        has_outputs = record.state is State.SUCCEEDED and bool(record.outputs)
        runner.append_output("outputs", "true" if has_outputs else "false", environ=self.environment)
        runner.append_summary(lambda: self._summary(record), environ=self.environment)

    def _summary(self, record: StepRecord) -> str:
        from orch.runtime.summary import step_summary  # outside a job nobody reads it

        return step_summary(self.graph["pipeline"], record)

    def _tell_failure(self, failure: Failure, annotation: str) -> None:
        """The traceback as plain text for the log, and an annotation on the user's own line."""
        token = runner.new_token()
        self._command(runner.stop_commands(token))
        self.stdout.write(failure.traceback or f"{failure.message}\n")
        self._command(runner.resume_commands(token))
        self._command(annotation)

    def _command(self, line: str) -> None:
        if self.on_runner:
            self.stdout.write(f"{line}\n")
            self.stdout.flush()
