"""Drive a graph on this machine: start what is ready, as many at a time as asked for, and write down what happened."""

from __future__ import annotations

import os
import secrets as randomness
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from orch.authoring.project import Project
from orch.errors import OrchError, SecretError, UnsupportedError, raise_problems
from orch.model import values
from orch.model.canonical import Json
from orch.model.events import EventSink, RunEnded, RunStarted, StepEnded, StepOutput, StepStarted
from orch.model.graph import Graph, Step
from orch.model.records import RunInfo, RunRecord, StepRecord, fold, skipped
from orch.model.states import State
from orch.orchestrators.local.home import Home, RunFolder, lay_out_files
from orch.orchestrators.local.schedule import Schedule
from orch.runtime import clock, interrupts
from orch.runtime.execute import Order, Setup
from orch.runtime.pool import Pool, Task
from orch.stores.local import LocalStore

TARGETS = (None, "local")


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
) -> RunRecord:
    """Run every step of `graph` that its needs allow; raises before the first step where one cannot run at all.

    A failure, or Ctrl-C, is told by the record's state. `environment` is what steps inherit, without the secrets that
    other steps declare.
    """
    environment = dict(os.environ if environment is None else environment)
    raise_problems([*_unsupported(graph), *_missing_secrets(graph, environment)])
    started = clock.now()
    info = RunInfo(
        run=run_id or _run_id(started),
        attempt=attempt,
        pipeline=graph.pipeline,
        orchestrator="local",
        started=clock.rfc3339(started),
        parameters={name: values.encode(value) for name, value in parameters.items()},
        trigger=trigger,
        source=f"{project.name}/{graph.source}".removeprefix("./"),
        commit=_commit(project.git_root, environment),
        actor=environment.get("GITHUB_ACTOR", ""),
    )
    return _Run(graph, project, info, Home.at(home, project.git_root), environment, jobs, sink).drive()


class _Run:
    def __init__(
        self, graph: Graph, project: Project, info: RunInfo, home: Home, environment: Mapping[str, str], jobs: int, sink: EventSink
    ) -> None:
        self.graph = graph
        self.project = project
        self.info = info
        self.home = home
        self.folder: RunFolder = home.run(info.run)
        self.sink = sink
        self.schedule = Schedule(graph)
        self.records: list[StepRecord] = []
        self.artifacts: dict[str, Json] = {}
        self.logs: dict[str, BinaryIO] = {}
        self.retries: list[tuple[float, str]] = []  # when, step
        self.tries: dict[str, int] = {}  # of steps that were started more than once
        self.unwritten: list[StepRecord] = []
        self.was_stopped = False
        setup = Setup(
            git_root=str(project.git_root),
            root=str(project.root),
            store=str(home.store),
            scratch="",
            run=info.run,
            pipeline=graph.pipeline,
            trigger=info.trigger,
            attempt=info.attempt,
            parameters=info.parameters,
            verify=False,  # this process tree writes every object that it reads
            secrets=[],
        )
        hidden = {name for step in graph.steps for name in step.settings.secrets}
        self.pool = Pool(jobs, setup, environment, self._output, hidden=hidden)

    def drive(self) -> RunRecord:
        with self.home.running(self.info.run):
            return self._drive()

    def _drive(self) -> RunRecord:
        self.folder.write_run(RunRecord(self.info, State.RUNNING, ()))
        self.sink(RunStarted(self.info, self.graph))
        tick = clock.monotonic()
        try:
            with interrupts.caught() as interrupted:
                self.pool.wake_on(interrupted.descriptor)
                self._loop(interrupted)
        finally:
            self.pool.close()
            for log in self.logs.values():
                log.close()
        record = fold(self.info, self.graph, self.records, ended=clock.rfc3339(clock.now()), duration=clock.monotonic() - tick)
        if self.was_stopped:
            record = RunRecord(record.info, State.CANCELLED, record.steps, record.ended, record.duration)
        lay_out_files(self.graph, record, LocalStore(self.home.store), self.folder)
        self.folder.write_run(record)
        self.sink(RunEnded(record))
        return record

    def _loop(self, interrupted: interrupts.Interrupts) -> None:
        while not self.schedule.has_ended:
            if interrupted.count:
                return self._stop(interrupted)
            self._start_ready()
            for record in self.pool.poll(self._until_next_retry()):
                if not self._tries_again(record):
                    self._note(record)
            self._start_ready()  # before the records are written: the workers need not wait for that
            self._write_records()
        return None

    def _stop(self, interrupted: interrupts.Interrupts) -> None:
        self.was_stopped = True
        self.pool.interrupt()
        while self.pool.busy:
            interrupted.clear()
            if interrupted.count > 1:
                self.pool.kill()
            for record in self.pool.poll(1.0):
                self._note(record)
        for step in self.graph.steps:
            if step.id not in self.schedule.states:
                self._note(self._not_started(step.id))
        self._write_records()

    # --- starting ---

    def _start_ready(self) -> None:
        now = clock.monotonic()
        due = [retry for retry in self.retries if retry[0] <= now]
        self.retries = [retry for retry in self.retries if retry[0] > now]
        self.schedule.ready.extendleft(step for _, step in due)
        while self.schedule.ready and self.pool.has_room:
            self._start(self.graph[self.schedule.ready.popleft()])

    def _start(self, step: Step) -> None:
        tries = self.tries.get(step.id, 1)
        self.sink(StepStarted(step.id, tries))
        wanted = {str(ref): self.artifacts[str(ref)] for ref in step.references if str(ref) in self.artifacts}
        settings = step.settings
        order = Order(step.to_json(), wanted, tries)
        self.pool.submit(Task(order, dict(settings.environment), settings.secrets, settings.timeout))

    # --- ending ---

    def _tries_again(self, record: StepRecord) -> bool:
        retry = self.graph[record.step].settings.retry
        if record.state is not State.FAILED or retry is None or (delay := retry.delay_after(record.tries)) is None:
            return False
        self.retries.append((clock.monotonic() + delay, record.step))
        self.tries[record.step] = record.tries + 1
        failure = record.failure.message if record.failure else "failed"
        self._output(record.step, f"try {record.tries} of {retry.max_retries + 1}: {failure}\n")
        return True

    def _until_next_retry(self) -> float | None:
        return max(0.0, min(when for when, _ in self.retries) - clock.monotonic()) if self.retries else None

    def _note(self, record: StepRecord) -> None:
        """Tell of the end of a step, and of those that are skipped because of it."""
        self.records.append(record)
        self.unwritten.append(record)
        self.sink(StepEnded(record))
        for name, artifact in record.outputs.items():
            self.artifacts[f"{record.step}.{name}"] = artifact.to_json()
        for step in self.schedule.end(record.step, record.state):
            below = self._not_started(step)
            self.records.append(below)
            self.unwritten.append(below)
            self.sink(StepEnded(below))

    def _not_started(self, step: str) -> StepRecord:
        if self.was_stopped:
            return StepRecord(step, State.CANCELLED, self.info.attempt, reason="interrupted before it started")
        return skipped(self.graph[step], self.schedule.states, self.info.attempt)

    def _write_records(self) -> None:
        if not self.unwritten:
            return
        self.folder.append_steps(self.unwritten)
        for record in self.unwritten:
            if log := self.logs.pop(record.step, None):
                log.close()
        self.unwritten.clear()

    def _output(self, step: str, text: str) -> None:
        with self.folder.writing():
            if step not in self.logs:
                self.logs[step] = self.folder.open_log(step)
            self.logs[step].write(text.encode())
        self.sink(StepOutput(step, text))


def _unsupported(graph: Graph) -> list[OrchError]:
    return [
        UnsupportedError(
            f"step {step.id!r} wants the target {step.settings.target!r}, which does not exist",
            hint="remove target=, or write target='local'",
        )
        for step in graph.steps
        if step.settings.target not in TARGETS
    ]


def _missing_secrets(graph: Graph, environment: Mapping[str, str]) -> list[OrchError]:
    wanted: dict[str, list[str]] = {}
    for step in graph.steps:
        for name in step.settings.secrets:
            if not environment.get(name):
                wanted.setdefault(name, []).append(step.id)
    return [
        SecretError(f"secret {name!r} is not set, and step {', '.join(map(repr, steps))} declares it", hint=f"export {name}=...")
        for name, steps in wanted.items()
    ]


def _run_id(started: float) -> str:
    """Sorts by start, and differs between two runs of the same second."""
    stamp = clock.rfc3339(started)[:19].replace("-", "").replace(":", "").replace("T", "-")
    return f"{stamp}-{randomness.token_hex(3)}"


def _commit(git_root: Path, environment: Mapping[str, str]) -> str:
    if commit := environment.get("GITHUB_SHA"):
        return commit
    try:
        asked = subprocess.run(["git", "-C", str(git_root), "rev-parse", "-q", "--verify", "HEAD"], capture_output=True, check=False)
    except OSError:  # no git on this machine
        return ""
    return asked.stdout.decode().strip()


def default_jobs() -> int:
    """As many steps at a time as this process may use processors."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
