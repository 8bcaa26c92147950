"""`orch step run`: one step in a job, container or pod. A folder of inputs in; a folder of outputs and a record out.

The user's code runs in a worker process beside this one, so that a crash or a lack of memory there still leaves a
record. Imports only what a step needs: its start is paid by every job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from orch import files
from orch.authoring.project import Project
from orch.errors import OrchError, StoreError, UnknownStepError, raise_problems
from orch.model import canonical
from orch.model.canonical import Json
from orch.model.records import Failure, StepRecord
from orch.model.states import State, fold_states
from orch.model.steps import OutputRef, Step
from orch.runtime import arguments, clock, counting, interrupts, runner
from orch.runtime.asked import asked_of, choose, flags_text, parameters_of, to_order
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
        argv, required=["graph", "step", "inputs", "outputs", "record"], optional=["project", "pickle", "logical-date", "leg", "only"]
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
    job = Job(graph, step, project, *folders, environment, stdout, pickles=arguments.pickles(options), logical_date=date)
    inputs = Path(options["inputs"]).resolve()
    if counting.has_fans(graph):
        from orch.runtime import leg_run

        records = leg_run.run(job, inputs, options.get("leg", ""), options.get("only", ""))
    else:
        records = [job.run(inputs)]
    return job.report(records)


def _logical_date(graph: Json, given: str | None) -> tuple[str, str]:
    """It and its time zone; empty where the workflow does not say."""
    if given is None:
        return "", "UTC"
    from orch.model import dates, triggers

    zone_name = dates.zone_of(map(triggers.trigger_from_json, graph["triggers"]))
    return dates.parse(given, zone_name).isoformat(), zone_name or "UTC"


class Job:
    """What runs one step, or the legs that share a job; `legs` tells how many those mapped steps have that it reads from."""

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
        self.legs: Mapping[str, int] = {}
        self.asked = asked_of(step.id, (each["when"] for each in graph["steps"] if "when" in each))
        self.pickles = pickles
        self.logical_date = logical_date
        self.graph = graph
        self.step = step
        self.project = project
        self.outputs = outputs
        self.outputs_record = outputs / "record.json"
        self.record_folder = record
        self.environment = environment
        self.stdout = stdout
        self.on_runner = runner.on_runner(environment)
        self.attempt = int(environment.get("GITHUB_RUN_ATTEMPT") or 1)

    def run(self, inputs: Path, refused: OrchError | None = None) -> StepRecord:
        """The record, which is written; with `refused` the step never runs, and that is why."""
        for folder in (self.outputs, self.record_folder):
            try:
                files.make_folders(folder)
            except OSError as error:
                message = f"cannot write to {str(folder)!r}: {error.strerror or error}"
                raise StoreError(message, hint="name a folder that may be written to") from error
        parameters: Mapping[str, Json] = {}
        try:
            if refused is not None:
                raise refused
            order, parameters = self._order(inputs), self._parameters()
        except OrchError as error:  # an input that is absent or damaged: the step never runs, and its record says why
            failure = failure_of_orch("input", error)
            record = StepRecord(self.step.id, State.FAILED, self.attempt, started=clock.rfc3339(clock.now()), failure=failure)
            if self.step.settings.on_failure is not None:
                record = self._in_pool(parameters, lambda pool, interrupted, _: call_hook(pool, self.step, record, interrupted))
        else:
            record = self._in_pool(parameters, lambda *given: self._execute(order, *given))
        record = self._with_members(record) if record.outputs and counting.has_fans(self.graph) else record
        self.leave(record)
        self._tell(record)
        return record

    def report(self, records: Sequence[StepRecord]) -> int:
        """What the job says to the others; gives the exit code."""
        state = fold_states([record.state for record in records]) if len(records) > 1 else records[0].state
        made = any(record.state is State.SUCCEEDED and record.outputs for record in records)
        runner.append_output("state", str(state), environ=self.environment)
        runner.append_output("outputs", "true" if made else "false", environ=self.environment)
        if self.asked and (told := flags_text(self.asked, self._parameters(), records[0])):
            runner.append_output("flags", told, environ=self.environment)
        if said := counting.legs_said(self.graph, self.step.id, records[0].outputs):
            runner.append_output("legs", said, environ=self.environment)
        runner.append_summary(lambda: self._summary(records), environ=self.environment)
        return state.exit_code

    def _order(self, inputs: Path) -> Order:
        raise_problems(missing([self.step], self.environment))
        step = choose(self.step, inputs, self.environment)
        references = [(ref.step, ref.output) for ref in step.references if isinstance(ref, OutputRef)]
        asked = to_order(self.asked, self._parameters()) if self.asked else []
        return Order(step.to_json(), artifacts_for(references, inputs, self.legs) if references else {}, asked=asked)

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
        names = (*self.step.parameters, *(parameters_of(self.asked) if self.asked else ()))
        if not names:
            return {}
        from orch.model import parameters, values

        declared = tuple(parameters.Parameter.from_json(parameter) for parameter in self.graph["parameters"])
        resolved = given_parameters(declared, self.environment)
        return {name: values.encode(resolved[name]) for name in names}

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

            hidden = ("ORCH_INPUTS", "ORCH_RAN", *self.step.settings.secrets)
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

    def _with_members(self, record: StepRecord) -> StepRecord:
        """With what cache keys say of the items of lists that others map over."""
        from orch.model.matrix import root_outputs

        steps = counting.steps_of(self.graph)
        asked = {ref.output for ref in root_outputs(steps) if ref.step == self.step.id}
        if not asked:
            return record
        from orch.runtime.members import with_members
        from orch.runtime.secrets import redactor
        from orch.stores.local import LocalStore

        redact = redactor([self.step], self.environment)
        return replace(record, outputs=with_members(record.outputs, asked, LocalStore(self.outputs), redact))

    # --- what is left behind ---

    def leave(self, record: StepRecord) -> None:
        """Where the jobs that come after this one find it."""
        text = canonical.pretty(record.to_json()).encode()
        if record.state is State.SUCCEEDED and record.outputs:
            files.make_folders(self.outputs_record.parent)
            files.write_atomic(self.outputs_record, text)
        files.open_log(self.record_folder / "log.txt").close()
        files.write_atomic(self.record_folder / "record.json", text)

    def _tell(self, record: StepRecord) -> None:
        if record.failure is not None:
            self._tell_failure(record.failure, runner.failure_annotation(self.step.id, record.failure))
        if record.hook is not None:
            self._tell_failure(record.hook, runner.hook_annotation(self.step.id, record.hook))

    def _summary(self, records: Sequence[StepRecord]) -> str:
        from orch.runtime.summary import step_summary  # outside a job nobody reads it

        return "".join(step_summary(self.graph["pipeline"], record) for record in records)

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
