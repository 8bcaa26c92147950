"""Runs a compiled pipeline under act on this machine, and tells it as any run is told: by events, a record, and files.

Each run has a private folder with a copy of the working tree, act's home and caches, and the artifacts, so that two at
once do not meet; what is worth keeping comes home at the end, the rest is deleted.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from orch import files, names
from orch.authoring.project import Project
from orch.errors import ToolFailedError, UnsupportedError, UsageError, raise_problems
from orch.model import canonical, values
from orch.model.events import EventSink, RunEnded, RunStarted, StepEnded, StepOutput, StepStarted
from orch.model.fan import index_of, step_of
from orch.model.graph import Graph
from orch.model.notices import url_secrets
from orch.model.records import StepRecord
from orch.model.runs import RunInfo, RunRecord
from orch.model.states import State
from orch.orchestrators.local.broken_off import broken_off
from orch.orchestrators.local.home import Home, RunFolder, lay_out_files
from orch.replay.act import action, command, issues, kept, server, snapshot, trouble, wrappers
from orch.replay.act.command import Private
from orch.replay.act.delivered import Delivered
from orch.replay.act.jobs import Jobs
from orch.replay.act.listening import JobEnded, JobFailing, JobOutput, JobStarted, Listener
from orch.replay.act.private import private_folder
from orch.replay.act.processes import Family, children, parents
from orch.replay.act.sources import with_sources
from orch.replay.act.trigger import Trigger
from orch.replay.act.wrappers import Packages
from orch.runtime import clock, interrupts
from orch.runtime.changed import base_of
from orch.runtime.inputs import parameters_of
from orch.runtime.masked import masked_values
from orch.runtime.redact import Redactor
from orch.runtime.result import fold_run, reconcile
from orch.runtime.secrets import declared, missing, redactor
from orch.stores.local import LocalStore

# A cancelled job has 7.5 s after SIGINT and 2.5 s after SIGTERM on GitHub's runner.
_AFTER_INTERRUPT: Final = 7.5
_AFTER_TERMINATE: Final = 2.5
_CONCLUSIONS: Final = {State.SUCCEEDED: "success", State.CANCELLED: "cancelled"}


@dataclass(frozen=True, slots=True)
class Request:
    """What to run: the graph and what it compiles to, the event, and `job` if only that step and its needs are wanted."""

    graph: Graph
    project: Project
    generated: Mapping[str, str]  # path from the git root -> text, the workflow among them
    trigger: Trigger
    job: str | None = None
    packages: Packages = "current"
    keep: Path | None = None  # a folder for act's working files, which are otherwise deleted
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    knows_earlier_runs: bool = True  # False under --no-cache: the API tells of this run alone
    attempt_of: str | None = None  # the run of which this is the next attempt, with what it has uploaded

    @property
    def workflow(self) -> str:
        return names.workflow_path(self.graph.pipeline)


def run(request: Request, sink: EventSink, *, home: Path) -> RunRecord:
    """Raises before the first job where the run cannot start; a failure, or Ctrl-C, is told by the record's state."""
    if os.name == "nt":
        raise UnsupportedError("orch act runs jobs in bash, as their runners do, and Windows has none", hint="run this in WSL")
    graph = selected(request.graph, request.job)
    parameters = parameters_of(graph.parameters, request.trigger.inputs)
    secrets = {"GITHUB_TOKEN": server.new_token()} | declared_secrets(graph, request.environ)
    redact = redactor(graph.steps, request.environ)
    act = command.find_act(request.environ)
    place = Home.at(home, request.project.git_root)
    again = request.attempt_of
    if again is not None:
        _check_is_kept(place, again)
    with private_folder(request.keep) as private, contextlib.ExitStack() as held:
        repositories = action.local_repositories(request.generated[request.workflow], action.compose(private.action))
        _furnish(private, request)
        raise_problems(action.absent(request.generated[request.workflow], private.tree))
        started = clock.now()
        folder, attempt = (_new_run(place, started, held), 1) if again is None else _next_attempt(place, again, held)
        info = RunInfo(
            run=folder.run_id if again is None else again,
            pipeline=graph.pipeline,
            orchestrator="act",
            attempt=attempt,
            started=clock.rfc3339(started),
            parameters=masked_values({name: values.encode(value) for name, value in parameters.items()}, redact),
            trigger=request.trigger.event,
            source=f"{request.project.name}/{graph.source}".removeprefix("./"),
        )
        family = Family()
        is_whole = request.job is None and names.RESULT_JOB in request.generated[request.workflow]
        running = _Run(graph, info, folder, private, LocalStore(place.store), sink, redact, is_whole=is_whole)
        repository = f"local/{re.sub(r'[^A-Za-z0-9._-]', '-', request.project.git_root.name)}"
        about = kept.About(info.run, info.attempt, info.trigger, _branch(request.trigger), request.workflow, repository, info.started)
        kept.begin(place.run(info.run), about, private.artifacts / info.run)
        looks = request.knows_earlier_runs and request.job is None  # one job is asked for to be run
        runs = kept.KeptRuns(place, clock.now, "" if looks else info.run)
        routes = (*running.jobs.routes, *running.issues.routes, *runs.routes)
        api = held.enter_context(server.serving(routes, repository=repository, token=secrets["GITHUB_TOKEN"], log=kept.request_log(folder)))
        webhooks = issues.addresses(api, url_secrets(graph.notices))
        private.secrets.write_text(command.secrets_file(secrets | webhooks), encoding="utf-8")
        arguments = command.arguments(
            act,
            private,
            event=request.trigger.event,
            workflow=request.workflow,
            labels=action.labels(request.generated[request.workflow]),
            repositories=repositories,
            env={
                "GITHUB_RUN_ID": info.run,
                "GITHUB_RUN_ATTEMPT": str(info.attempt),
                "GITHUB_REPOSITORY": repository,
                "GITHUB_WORKFLOW_REF": f"{repository}/{request.workflow}@refs/heads/{snapshot.BRANCH}",
                "GITHUB_API_URL": api,
                **_for_stand_ins(private),
                **family.environment,
            },
            job=graph.job_of[request.job] if request.job else None,
        )
        return running.drive(arguments, command.environment(private, request.environ) | family.environment, family)


def selected(graph: Graph, job: str | None) -> Graph:
    """`graph`, or only `job` and what it needs."""
    if job is None:
        return graph
    if job not in graph.by_id:
        raise UsageError(f"pipeline {graph.pipeline!r} has no step {job!r}", hint=f"it has {', '.join(graph.by_id)}")
    wanted = [job]
    packs = {step: pack for pack in graph.packs for step in pack}
    for step in wanted:
        wanted += [other for other in (*graph[step].needs, *packs.get(step, ())) if other not in wanted]
    steps = tuple(step for step in graph.steps if step.id in wanted)
    return replace(graph, steps=steps, packs=tuple(pack for pack in graph.packs if pack[0] in wanted), notices=())


def declared_secrets(graph: Graph, environ: Mapping[str, str]) -> dict[str, str]:
    raise_problems(missing(graph.steps, environ))
    return {name: environ[name] for name in sorted(declared(graph.steps))}


def _furnish(private: Private, request: Request) -> None:
    snapshot.take(request.project.git_root, private.tree, request.generated)
    if base := base_of(request.trigger.event, request.trigger.payload, []):
        snapshot.bring(request.project.git_root, private.tree, base)
    wrappers.write(private.programs, packages=request.packages, cancelled=private.cancelled, action=private.action, environ=request.environ)
    private.artifacts.mkdir()
    private.nothing.touch()
    private.event.write_text(canonical.dumps(request.trigger.payload), encoding="utf-8")
    private.secrets.touch(mode=0o600)


def _branch(trigger: Trigger) -> str:
    """Of the code that runs: the one of the working tree's copy, or a pull request's own."""
    head = trigger.payload.get("pull_request", {}).get("head", {}) if trigger.event == "pull_request" else {}
    return str(head.get("ref", snapshot.BRANCH))


def _for_stand_ins(private: Private) -> dict[str, str]:
    return {
        "ORCH_ACT_ARTIFACTS": str(private.artifacts),
        "ORCH_ACT_PYTHON": sys.executable,
        "ORCH_ACT_TOOLKIT": str(action.package().parent),
    }


def _new_run(home: Home, started: float, held: contextlib.ExitStack) -> RunFolder:
    """A folder under a number that no other run has: GitHub's run ids are numbers too."""
    number = int(started * 1000)
    while True:
        try:
            return held.enter_context(home.running(str(number)))
        except FileExistsError:
            number += 1


def _check_is_kept(home: Home, run: str) -> None:
    if not (run.isdecimal() and (home.run(run).path / kept.FOLDER).is_dir()):
        raise UsageError(f"there is no run {run!r} of orch act to run again", hint="orch runs list")


def _next_attempt(home: Home, run: str, held: contextlib.ExitStack) -> tuple[RunFolder, int]:
    """Its folder is beside that of the run, as on GitHub's runners; what the attempts upload is together."""
    attempt = 2
    while True:
        try:
            return held.enter_context(home.running(f"{run}-a{attempt}")), attempt
        except FileExistsError:
            attempt += 1


class _Run:
    def __init__(
        self,
        graph: Graph,
        info: RunInfo,
        folder: RunFolder,
        private: Private,
        store: LocalStore,
        sink: EventSink,
        redact: Redactor,
        *,
        is_whole: bool,
    ) -> None:
        self.graph = graph
        self.info = info
        self.folder = folder
        self.private = private
        self.is_whole = is_whole  # so that the result job runs
        self.store = store
        self.sink = sink
        self.redact = redact
        self.listener = Listener(redact)
        self.delivered = Delivered(private.artifacts / info.run, graph.pipeline, info.attempt)
        self.records: dict[str, StepRecord] = {}
        self.packs = {pack[0]: pack for pack in graph.packs}
        self.ran_in: dict[str, str] = {}  # step, or leg of one -> job
        self.was_stopped = False
        self.jobs = Jobs(info.run, info.attempt, clock.now, self._cancel)
        self.issues = issues.Issues()
        self._act = 0  # the process's id

    def drive(self, arguments: list[str], environment: Mapping[str, str], family: Family) -> RunRecord:
        """From the first event to the last, and to its record, also where an error ends it."""
        self.folder.write_run(RunRecord(self.info, State.RUNNING, ()))
        self.sink(RunStarted(self.info, self.graph))
        tick = clock.monotonic()
        try:
            record = self._ended(arguments, environment, family)
        except BaseException as error:
            told, took = self.records.values(), clock.monotonic() - tick
            record = broken_off(self.info, self.graph, told, error, redact=self.redact, duration=took)
            self.folder.break_off(record)
            raise
        finally:
            self.sink(RunEnded(record))
        return record

    def _ended(self, arguments: list[str], environment: Mapping[str, str], family: Family) -> RunRecord:
        """The record of a run that came to its end."""
        with family.adopting(), interrupts.caught() as interrupted, self.private.stderr.open("wb") as stderr:
            act = subprocess.Popen(
                arguments,
                cwd=self.private.root,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,  # so that a Ctrl-C in the terminal reaches it only through us
            )
            self._act = act.pid
            self._listen(act, interrupted)
            code = act.wait()
        record = self._fold()
        self._bring_home(record)
        if not self.was_stopped:
            self._check(code, record)
        return record

    def _check(self, code: int, record: RunRecord) -> None:
        """Raises where the run did not come to its end by the ends of its steps."""
        broken = trouble.broken_jobs(self.listener.results, self.graph.by_id) if record.state is State.CANCELLED else []
        hint = "--keep DIR keeps its files"
        if code not in (0, 1):  # it ends with 1 where a job failed, and with others by no will of its own
            end = f"exit code {code}" if code > 0 else signal.Signals(-code).name
            message = f"act itself came to an end in the middle of the run, {end}: {trouble.last_words(self._stderr())}"
            hint = "run it again; --keep DIR keeps what it said"
        elif broken:
            message = f"the job {broken[0]!r}, which is none of a step, failed: {self._trouble(*broken)}"
        elif code and record.state is State.SUCCEEDED:
            message = f"every step succeeded, and yet act ended with {code}: {self._trouble(names.RESULT_JOB)}"
        elif self.is_whole and names.RESULT_JOB not in self.listener.results:
            message = f"act came to an end before the job {names.RESULT_JOB!r} did: {self._trouble()}"
        else:
            return
        raise ToolFailedError(message, hint=hint)

    def _listen(self, act: subprocess.Popen[bytes], interrupted: interrupts.Interrupts) -> None:
        assert act.stdout is not None
        stopping = _Stopping(act, self.private.cancelled)
        rest = b""
        with act.stdout, selectors.DefaultSelector() as selector:
            selector.register(act.stdout, selectors.EVENT_READ)
            selector.register(interrupted.descriptor, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select(stopping.patience()):
                    if key.fileobj is act.stdout:
                        read = os.read(act.stdout.fileno(), 1 << 16)
                        if not read:
                            return
                        *lines, rest = (rest + read).split(b"\n")
                        for line in lines:
                            self._hear(line.decode(errors="replace"))
                    else:
                        interrupted.clear()
                self.was_stopped = interrupted.count > 0
                if self.was_stopped:  # no job starts any more
                    self.private.secrets.unlink(missing_ok=True)
                stopping.press(interrupted.count)

    def _hear(self, line: str) -> None:
        for heard in self.listener.hear(line):
            self.jobs.hear(heard)
            if isinstance(heard, JobStarted):  # act has read them
                self.private.secrets.unlink(missing_ok=True)
            if step_of(heard.job) not in self.graph.by_id:
                continue
            match heard:
                case JobStarted(job):
                    for step in () if self.was_stopped else self.packs.get(job, (job,)):
                        self.sink(StepStarted(step))
                case JobOutput(job, text):
                    self.sink(StepOutput(job, text))
                case JobEnded(job, result):
                    for record in self._records_of(job, result):
                        self.records[record.step] = record
                        self.ran_in[record.step] = job
                        self.sink(StepEnded(record))
                case JobFailing():
                    pass

    def _cancel(self) -> None:
        """As GitHub does it when a job asks for it: what runs is interrupted, and each job goes on to what it always does."""
        for pid in children(self._act, parents()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)

    def _records_of(self, job: str, result: str) -> list[StepRecord]:
        """Of the step that `job` is of, or of the legs or steps that share it."""
        legs = self.delivered.several(job) if index_of(job) is not None or job in self.packs else []
        record = None if legs or (step_of(job) in self.graph.mapped and result == "skipped") else self._record(job, result)
        return legs or ([record] if record else [])

    def _record(self, step: str, result: str) -> StepRecord | None:
        uploaded = self.delivered.record(step)
        if uploaded is None and (self.was_stopped or self.jobs.was_cancelled):
            result = self.listener.results[step] = "cancelled"
        record = reconcile(step, uploaded, result, self.info.attempt)
        log = self.listener.logs[step]
        if record and record.failure and (uploaded is None or uploaded.failure is None) and log.errors:
            # The job failed around the step: what it announced says more than GitHub's word for its end.
            return replace(record, failure=replace(record.failure, message="\n".join(log.errors), traceback="".join(log.lines)))
        return record

    def _fold(self) -> RunRecord:
        results = {step.id: self.listener.result(step.id) for step in self.graph.steps}
        if not self.listener.logs and not self.was_stopped:
            raise ToolFailedError(f"act could not run the workflow: {self._trouble()}", hint="--keep DIR keeps its files")
        told = self.delivered.run()
        info = replace(self.info, logical_date=told.info.logical_date if told else "")
        records = [*self.records.values(), *(not_started(told, self.records) if told else ())]
        record = fold_run(info, self.graph, records, results, ended=clock.now(), legs=self._legs(told))
        if told:
            project = Project(self.private.tree, self.private.tree / self.graph.project)
            record = with_sources(with_keys(record, told), self.graph, project, self.store)
        for step in record.steps:
            if step.step not in self.records:
                self.sink(StepEnded(step))
        return replace(record, state=State.CANCELLED) if self.was_stopped else record

    def _legs(self, told: RunRecord | None) -> dict[str, int]:
        """How many the mapped steps have: by the result job, which knows what was counted; without one, those that have reported."""
        names_of = [step.step for step in told.steps] if told else list(self.records)
        counts = {step: sum(step_of(name) == step != name for name in names_of) for step in self.graph.mapped}
        ended = {step.step for step in told.steps if step.state.has_outputs} if told else set()
        return {step: count for step, count in counts.items() if count or step in ended}

    def _trouble(self, *jobs: str) -> str:
        return trouble.trouble(self.listener, self._stderr(), jobs)

    def _stderr(self) -> str:
        return self.redact(self.private.stderr.read_text(errors="replace"))

    def _bring_home(self, record: RunRecord) -> None:
        self.folder.append_steps(record.steps)
        for step in record.steps:
            job = self.ran_in.get(step.step, step.step)
            log = self.delivered.log(step.step, job)
            if log is None and (printed := self.listener.logs.get(step.step)):
                log = "".join(printed.lines).encode()
            if log is not None:
                with self.folder.open_log(step.step) as file:
                    file.write(log)
            if step.state.has_outputs:
                self.delivered.unpack_outputs(step, job, self.private.scratch, self.store)
        if (result := self.listener.logs.get(names.RESULT_JOB)) and result.summary:
            files.write_atomic(self.folder.path / "summary.md", result.summary.encode())
        if told := self.issues.to_json():
            files.write_atomic(self.folder.path / "notices.json", canonical.pretty(masked_values(told, self.redact)).encode())
        arrived = replace(record, steps=tuple(step for step in record.steps if _has_arrived_in(self.store, step)))
        lay_out_files(self.graph, arrived, self.store, self.folder)
        self.folder.write_run(record)
        kept.end(RunFolder(self.folder.path.with_name(self.info.run)), _CONCLUSIONS.get(record.state, "failure"))


def _has_arrived_in(store: LocalStore, step: StepRecord) -> bool:
    """Not so where a cached step's result was made by a run on this machine that is deleted."""
    return step.state.has_outputs and all(store.has(digest) for artifact in step.outputs.values() for digest in artifact.digests)


def not_started(told: RunRecord, reported: Mapping[str, StepRecord]) -> list[StepRecord]:
    """The steps whose jobs the plan kept from starting, as the result job tells of them."""
    return [step for step in told.steps if step.state in (State.CACHED, State.SKIPPED) and step.step not in reported]


def with_keys(record: RunRecord, told: RunRecord) -> RunRecord:
    """`record` with the keys of its steps, which the result job has computed."""
    keys = {step.step: step for step in told.steps}

    def with_key(step: StepRecord) -> StepRecord:
        same = keys.get(step.step)
        return replace(step, key=same.key, facts=same.facts, cause=same.cause) if same and same.state is step.state else step

    return replace(record, steps=tuple(map(with_key, record.steps)))


class _Stopping:
    """How a run is stopped: as GitHub's runner does it to each job, then act itself, then whatever is left."""

    def __init__(self, act: subprocess.Popen[bytes], cancelled: Path) -> None:
        self._act = act
        self._cancelled = cancelled
        self._stage = 0
        self._until = 0.0

    def patience(self) -> float | None:
        """How long to wait for something to happen."""
        return max(0.0, self._until - clock.monotonic()) if self._stage else None

    def press(self, count: int) -> None:
        """Take the next stage when it is due: at the first interrupt, when patience ends, and at once at each later interrupt."""
        while count > self._stage or (self._stage and clock.monotonic() >= self._until):
            self._stage += 1
            stages: list[tuple[Callable[[], None], float]] = [
                (self._interrupt_steps, _AFTER_INTERRUPT),
                (self._interrupt_act, _AFTER_TERMINATE),
                (self._act.kill, _AFTER_TERMINATE),
            ]
            deed, patience = stages[min(self._stage, len(stages)) - 1]
            deed()
            self._until = clock.monotonic() + patience

    def _interrupt_steps(self) -> None:
        self._cancelled.touch()  # from now on no shell starts
        for pid in children(self._act.pid, parents()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)

    def _interrupt_act(self) -> None:
        self._act.send_signal(signal.SIGINT)
