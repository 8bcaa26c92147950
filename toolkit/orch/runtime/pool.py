"""Worker processes and what watches them: orders in, log lines and records out.

A worker that dies is the failure of the one step it was running; the others go on. Everything happens in the caller's
thread, in `poll`: no threads, so output and records of a step keep their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from orch import system
from orch.model.records import Failure, StepRecord
from orch.model.states import State
from orch.runtime import clock
from orch.runtime.execute import Setup
from orch.runtime.failures import failure_of_exit, failure_of_timeout, placed
from orch.runtime.runner import NOT_FOR_STEPS
from orch.runtime.workers import ENDING, ENDING_AWAY, Program, Worker
from orch.runtime.workers import Task as Task  # noqa: PLC0414 - what `submit` takes

GRACE = 3.0  # seconds between asking steps to stop and killing them; GitHub grants 7.5 in all
_CHUNKS = 16  # of one worker's output at a time: one that never stops printing must not keep the others waiting


class Pool:
    """At most `size` workers. `on_output(step, text)` gets whole lines, secrets masked, before the step's record comes.

    `may_fork`: this process has no threads and has imported no code of the user's, so a copy of it is as good as a new one.
    `programs` are for the steps of other targets, by their names.
    """

    def __init__(
        self,
        size: int,
        setup: Setup,
        environment: Mapping[str, str],
        on_output: Callable[[str, str], None],
        *,
        hidden: Iterable[str] = (),
        may_fork: bool = False,
        programs: Mapping[str, Program] | None = None,
    ) -> None:
        self.programs = programs or {}
        self.size = size
        self.setup = setup
        hidden = NOT_FOR_STEPS.union(hidden)
        self.environment = {name: value for name, value in environment.items() if name not in hidden}
        # Neither the order of sets nor what text is may differ between a laptop and a job.
        self.environment.setdefault("PYTHONHASHSEED", "0")
        self.environment |= system.utf8_settings(self.environment)
        self.all_environment = dict(environment)
        self.on_output = on_output
        self.may_fork = may_fork
        self.idle: list[Worker] = []
        self.busy: list[Worker] = []
        self.processes = system.processes()
        self.kills_seen = system.out_of_memory_kills()
        self._kill_at: float | None = None

    # --- orders ---

    @property
    def has_room(self) -> bool:
        return len(self.busy) < self.size

    def submit(self, task: Task) -> None:
        secrets = {name: self.all_environment[name] for name in task.secrets if name in self.all_environment}
        program = self.programs.get(task.target)
        environment = self.environment if program else {**self.environment, **task.environment, **secrets}
        worker = next((idle for idle in self.idle if idle.program is program and idle.environment == environment), None)
        if worker is None:
            if len(self.idle) + len(self.busy) >= self.size:
                self._end([self.idle.pop(0)])
            setup = self.setup._replace(secrets=list(task.secrets))
            worker = Worker(self.processes, setup, environment, may_fork=self.may_fork, program=program)
        else:
            self.idle.remove(worker)
        self.busy.append(worker)
        worker.start(task, secrets)

    # --- results ---

    def poll(self, timeout: float | None = None) -> list[StepRecord]:
        """Wait for output, records and ends, at most `timeout` seconds (None: until something happens)."""
        ended: list[StepRecord] = []
        for stream in self.processes.wait(self._patience(timeout)):
            for worker in (*self.busy, *self.idle):  # it may have ended in this very round
                if stream is worker.log:
                    self._read_log(worker)
                elif stream is worker.responses:
                    ended += self._read_answer(worker)
        self._enforce_limits()
        return ended

    def wake_on(self, descriptor: int) -> None:
        """End a `poll` early when `descriptor` becomes readable, as a signal's wake-up pipe does."""
        self.processes.wake_on(descriptor)

    def _patience(self, timeout: float | None) -> float | None:
        limits = [limit for worker in self.busy for limit in (worker.deadline, worker.kill_at) if limit is not None]
        if not limits:
            return timeout
        until = max(0.0, min(limits) - clock.monotonic())
        return until if timeout is None else min(until, timeout)

    def _read_log(self, worker: Worker) -> None:
        """What is there now, as far as it is whole lines; the rest waits for its end."""
        for _ in range(_CHUNKS):
            chunk = worker.log.read()
            if chunk is None:
                return
            if not chunk:
                self.processes.forget(worker.log)
                return
            self._take(worker, chunk)

    def _take(self, worker: Worker, chunk: bytes) -> None:
        self._emit(worker, worker.lines.feed(chunk))

    def _emit(self, worker: Worker, text: str) -> None:
        if text and worker.task is not None:
            self.on_output(worker.task.step, text)

    def _finish_log(self, worker: Worker) -> None:
        """All that was written before the step ended."""
        for chunk in worker.log.rest():
            self._take(worker, chunk)
        self._emit(worker, worker.lines.end())

    def _read_answer(self, worker: Worker) -> list[StepRecord]:
        while True:
            chunk = worker.responses.read()
            if chunk is None:
                return []
            if not chunk:
                return self._ended_by_itself(worker)
            worker.answer += chunk
            if worker.answer.endswith(b"\n"):
                break
        self._finish_log(worker)
        record = self._judged(worker, StepRecord.read(worker.answer))
        worker.answer = b""
        worker.task, worker.deadline = None, None
        self.busy.remove(worker)
        if record.state is State.SUCCEEDED or (worker.program and worker.kill_at is None and worker.stopped_for is None):
            self.idle.append(worker)
        else:  # whatever made it fail may still be in the process
            self._end([worker])
        return [record]

    def _judged(self, worker: Worker, record: StepRecord) -> StepRecord:
        """A worker cannot tell why it was interrupted, nor an interrupt from a `KeyboardInterrupt` that its step raised."""
        if worker.stopped_for is not None:
            return replace(record, state=State.FAILED, outputs={}, reason="", failure=placed(worker.stopped_for, record.failure))
        if record.state is not State.CANCELLED:
            return record
        if worker.kill_at is None:
            return replace(record, state=State.FAILED, reason="")
        return replace(record, failure=None)

    def _ended_by_itself(self, worker: Worker) -> list[StepRecord]:
        status = worker.exit_code()
        task, failure = worker.task, worker.stopped_for
        if task is not None:
            worker.kill()  # what it started, which could go on writing to its log
        self._finish_log(worker)
        in_busy = worker in self.busy
        (self.busy if in_busy else self.idle).remove(worker)
        kills = system.out_of_memory_kills()
        out_of_memory, self.kills_seen = kills > self.kills_seen, kills
        started = worker.started
        self._discard(worker)
        if task is None:
            return []
        interrupted = worker.kill_at is not None and failure is None
        return [
            StepRecord(
                step=task.step,
                state=State.CANCELLED if interrupted else State.FAILED,
                attempt=self.setup.attempt,
                tries=task.order.tries,
                started=clock.rfc3339(started),
                duration=max(0.0, clock.now() - started),
                failure=None if interrupted else failure or self._why_ended(worker, task, status, out_of_memory=out_of_memory),
                reason="interrupted" if interrupted else "",
            )
        ]

    def _why_ended(self, worker: Worker, task: Task, status: int, *, out_of_memory: bool) -> Failure:
        if worker.program:
            return Failure("target", f"the process that looks after the step at its target {task.target!r} ended with {status}")
        return failure_of_exit(status, out_of_memory=out_of_memory, what=task.what)

    # --- limits and ends ---

    def _enforce_limits(self) -> None:
        now = clock.monotonic()
        for worker in self.busy:
            if worker.deadline is not None and now >= worker.deadline and worker.task is not None:
                if worker.stopped_for is None:  # as on cancellation: it may clean up, and its traceback says where it was
                    worker.stopped_for = failure_of_timeout(worker.task.timeout or 0, worker.task.what)
                    worker.deadline = now + GRACE
                    worker.interrupt()
                else:
                    worker.deadline = None
                    worker.kill()
            if worker.kill_at is not None and now >= worker.kill_at:
                worker.kill()

    def interrupt(self) -> None:
        """Ask all running steps and hooks to stop; those that have not after `GRACE` seconds are killed by a later `poll`."""
        if self._kill_at is None:
            self._kill_at = clock.monotonic() + GRACE
        for worker in self.busy:
            worker.kill_at = self._kill_at
            worker.interrupt()

    def interrupt_steps(self) -> None:
        """The same for steps alone; hooks go on, and more of them may follow."""
        for worker in self.busy:
            if worker.task is not None and not worker.task.order.hook:
                worker.kill_at = clock.monotonic() + GRACE
                worker.interrupt()

    def kill(self) -> None:
        for worker in self.busy:
            worker.kill()

    def close(self) -> None:
        """End every process that is left."""
        for worker in self.busy:
            worker.kill()
            self._discard(worker)
        self._end(self.idle)
        self.idle.clear()
        self.busy.clear()
        self.processes.close()

    def _end(self, workers: list[Worker]) -> None:
        """Workers whose steps have ended may take a moment; after an interrupt, no longer than steps may."""
        for worker in workers:
            worker.release()
        now = clock.monotonic()
        for worker in workers:
            until = now + (ENDING_AWAY if worker.program else ENDING)
            worker.wait_for_end(until if self._kill_at is None else min(until, self._kill_at))
            self._discard(worker)

    def _discard(self, worker: Worker) -> None:
        for stream in (worker.responses, worker.log):
            self.processes.forget(stream)
        worker.close()
