"""Worker processes and what watches them: orders in, log lines and records out.

A worker that dies is the failure of the one step it was running; the others go on. Everything happens in the caller's
thread, in `poll`: no threads, so output and records of a step keep their order.
"""

from __future__ import annotations

import os
import select
import selectors
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from orch import files
from orch.errors import UnsupportedError
from orch.model import canonical
from orch.model.records import Failure, StepRecord
from orch.model.states import State
from orch.runtime import clock, processes
from orch.runtime.descendants import Found, kill_all, started_by
from orch.runtime.execute import Order, Setup
from orch.runtime.failures import failure_of_exit, failure_of_lost_pipe, failure_of_timeout, placed
from orch.runtime.memory import out_of_memory_kills
from orch.runtime.redact import Redactor

GRACE = 3.0  # seconds between asking steps to stop and killing them; GitHub grants 7.5 in all
_ENDING = 1.0  # seconds that a worker without a step, and what it started, may take to end
_CHUNK = 1 << 16
_CHUNKS = 16  # of one worker's output at a time: one that never stops printing must not keep the others waiting
_TOOLKIT = str(Path(__file__).parents[2])
# -P: the current folder is not on the path, the folders of the project are put there when its modules are loaded. The worker is
# of the same toolkit as this process, whatever else is installed.
_PROGRAM = (
    f"import sys; sys.path.insert(0, {_TOOLKIT!r}); import orch; del sys.path[0]; "
    "from orch.runtime.worker import main; main(int(sys.argv.pop()))"
)
_COMMAND = ("-P", "-c", _PROGRAM)


@dataclass(frozen=True)
class Task:
    """A step to run: its order, what its process must see in the environment, and its limit in seconds."""

    order: Order
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    timeout: float | None = None

    @property
    def step(self) -> str:
        return str(self.order.step["id"])

    @property
    def what(self) -> str:
        return "hook" if self.order.hook else "step"


class _Worker:
    """One process with its pipes."""

    def __init__(self, setup: Setup, environment: Mapping[str, str], *, may_fork: bool) -> None:
        self.environment = dict(environment)
        self.scratch = _new_folder(setup.run, environment)
        self.mark = os.path.basename(self.scratch)  # in the environment of all that it starts
        environment = {**environment, "TMPDIR": self.scratch}
        if may_fork and processes.can_fork(environment):
            from orch.runtime import worker

            started = processes.fork(worker.main, environment)
        else:
            started = processes.spawn([sys.executable, *_COMMAND], environment)
        self.process, self.requests, self.responses, self.log, self.lifeline = started
        for descriptor in (self.responses, self.log):
            os.set_blocking(descriptor, False)
        self.has_orders = True
        self.answer = b""
        self.line: list[bytes] = []  # the pieces of an unfinished one
        self.task: Task | None = None
        self.redact = Redactor(())
        self.started = 0.0
        self.deadline: float | None = None
        self.stopped_for: Failure | None = None
        self.is_hunted = False  # it was stopped, or died: what it started is to end with it, wherever that is
        self.children: set[Found] = set()
        self._send(canonical.dumps({**setup._asdict(), "scratch": self.scratch}))

    def _send(self, text: str) -> None:
        try:
            files.write_all(self.requests, text.encode() + b"\n")
        except BrokenPipeError:  # it died: `poll` sees the end of its answers and says how
            pass

    def start(self, task: Task) -> None:
        self.task = task
        self.started = clock.now()
        self.deadline = None if task.timeout is None else clock.monotonic() + task.timeout
        self.redact = Redactor(self.environment.get(name, "") for name in task.secrets)
        self._send(canonical.dumps(task.order._asdict()))

    def signal(self, number: int) -> None:
        """To the worker and everything that its step started."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def release(self) -> None:
        """No orders any more: it ends as Python does, and gives back what libraries keep outside the process."""
        os.close(self.requests)
        self.has_orders = False

    def wait_for_end(self, until: float) -> None:
        """Also of its children, which may be cleaning up: each holds the log pipe while it lives."""
        while select.select([self.log], [], [], max(0.0, until - clock.monotonic()))[0]:
            if not os.read(self.log, _CHUNK):
                break

    def note_children(self) -> None:
        """While it lives: once it has ended, nobody can tell that they were its own."""
        if self.is_hunted:
            self.children |= started_by(self._pid_if_alive(), self.mark)

    def kill(self) -> None:
        if self.is_hunted:
            kill_all(self._pid_if_alive(), self.mark, self.children)
        self.signal(signal.SIGKILL)

    def _pid_if_alive(self) -> int | None:
        return self.process.pid if self.process.poll() is None else None

    def exit_code(self) -> int:
        """After the end of its answers; a process that closed them and lives on is not waited for."""
        until = clock.monotonic() + _ENDING
        while (code := self.process.poll()) is None:
            if clock.monotonic() > until:
                self.stopped_for = self.stopped_for or failure_of_lost_pipe()
                self.kill()
                return self.process.wait()
            clock.sleep(0.001)
        return code

    def close(self) -> None:
        self.kill()
        self.process.wait()
        if self.has_orders:
            self.release()
        for descriptor in (self.responses, self.log, self.lifeline):
            os.close(descriptor)
        _remove_folder(self.scratch)


def _new_folder(run: str, environment: Mapping[str, str]) -> str:
    """Private, and named so that nobody can have made it before; `orch gc` finds those of a run that was killed."""
    parent = next((place for name in ("TMPDIR", "TEMP", "TMP") if (place := environment.get(name))), "/tmp")  # noqa: S108
    folder = f"{os.path.abspath(parent)}/orch-step-{run}-{os.urandom(6).hex()}"
    files.make_folder(folder, 0o700)
    return folder


def _remove_folder(folder: str) -> None:
    try:
        files.remove_folder(folder)
    except OSError:  # the step left files there
        files.remove_tree(folder, ignore_errors=True)


class Pool:
    """At most `size` workers. `on_output(step, text)` gets whole lines, secrets masked, before the step's record comes.

    `may_fork`: this process has no threads and has imported no code of the user's, so a copy of it is as good as a new one.
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
    ) -> None:
        if os.name == "nt":
            raise UnsupportedError("steps do not run on Windows itself yet", hint="run this in WSL")
        self.size = size
        self.setup = setup
        hidden = frozenset(hidden)
        self.environment = {name: value for name, value in environment.items() if name not in hidden}
        # Set and dict order must not differ between a laptop and a job.
        self.environment.setdefault("PYTHONHASHSEED", "0")
        self.all_environment = dict(environment)
        self.on_output = on_output
        self.may_fork = may_fork
        self.idle: list[_Worker] = []
        self.busy: list[_Worker] = []
        self.selector = selectors.DefaultSelector()
        self.kills_seen = out_of_memory_kills()
        self._kill_at: float | None = None

    # --- orders ---

    @property
    def has_room(self) -> bool:
        return len(self.busy) < self.size

    def submit(self, task: Task) -> None:
        environment = self._environment(task)
        worker = next((idle for idle in self.idle if idle.environment == environment), None)
        if worker is None:
            if len(self.idle) + len(self.busy) >= self.size:
                self._end([self.idle.pop(0)])
            secrets = list(task.secrets)
            worker = _Worker(self.setup._replace(secrets=secrets), environment, may_fork=self.may_fork)
            self.selector.register(worker.responses, selectors.EVENT_READ, worker)
            self.selector.register(worker.log, selectors.EVENT_READ, worker)
        else:
            self.idle.remove(worker)
        self.busy.append(worker)
        worker.start(task)

    def _environment(self, task: Task) -> dict[str, str]:
        secrets = {name: self.all_environment[name] for name in task.secrets if name in self.all_environment}
        return {**self.environment, **task.environment, **secrets}

    # --- results ---

    def poll(self, timeout: float | None = None) -> list[StepRecord]:
        """Wait for output, records and ends, at most `timeout` seconds (None: until something happens)."""
        ended: list[StepRecord] = []
        for key, _ in self.selector.select(self._patience(timeout)):
            worker = key.data
            if worker not in self.busy and worker not in self.idle:  # only wakes us, or ended in this very round
                continue
            if key.fileobj == worker.log:
                self._read_log(worker)
            else:
                ended += self._read_answer(worker)
        self._enforce_limits()
        return ended

    def wake_on(self, descriptor: int) -> None:
        """End a `poll` early when `descriptor` becomes readable, as a signal's wake-up pipe does."""
        self.selector.register(descriptor, selectors.EVENT_READ, None)

    def _patience(self, timeout: float | None) -> float | None:
        limits = [worker.deadline for worker in self.busy if worker.deadline is not None]
        if self._kill_at is not None:
            limits.append(self._kill_at)
        if not limits:
            return timeout
        until = max(0.0, min(limits) - clock.monotonic())
        return until if timeout is None else min(until, timeout)

    def _read_log(self, worker: _Worker) -> None:
        """What is in the pipe now, as far as it is whole lines; the rest waits for its end."""
        for _ in range(_CHUNKS):
            try:
                chunk = os.read(worker.log, _CHUNK)
            except BlockingIOError:
                return
            if not chunk:
                self._unregister(worker.log)
                return
            lines, newline, rest = chunk.rpartition(b"\n")
            if newline:
                self._emit(worker, b"".join([*worker.line, lines, newline]))
                worker.line.clear()
            if rest:
                worker.line.append(rest)

    def _emit(self, worker: _Worker, text: bytes) -> None:
        if worker.task is not None:
            self.on_output(worker.task.step, worker.redact(text.decode("utf-8", "backslashreplace")))

    def _finish_log(self, worker: _Worker) -> None:
        """All that was written before the step ended: a pipe holds less than is read at a time."""
        if worker.log in self.selector.get_map():
            self._read_log(worker)
        if worker.line:
            self._emit(worker, b"".join([*worker.line, b"\n"]))
            worker.line.clear()

    def _read_answer(self, worker: _Worker) -> list[StepRecord]:
        while True:
            try:
                chunk = os.read(worker.responses, _CHUNK)
            except BlockingIOError:
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
        if record.state is State.SUCCEEDED:
            self.idle.append(worker)
        else:  # whatever made it fail may still be in the process
            self._end([worker])
        return [record]

    def _judged(self, worker: _Worker, record: StepRecord) -> StepRecord:
        """A worker cannot tell why it was interrupted, nor an interrupt from a `KeyboardInterrupt` that its step raised."""
        if worker.stopped_for is not None:
            return replace(record, state=State.FAILED, outputs={}, reason="", failure=placed(worker.stopped_for, record.failure))
        if record.state is not State.CANCELLED:
            return record
        if self._kill_at is None:
            return replace(record, state=State.FAILED, reason="")
        return replace(record, failure=None)

    def _ended_by_itself(self, worker: _Worker) -> list[StepRecord]:
        status = worker.exit_code()
        self._finish_log(worker)
        task, failure = worker.task, worker.stopped_for
        worker.is_hunted = worker.is_hunted or task is not None
        in_busy = worker in self.busy
        (self.busy if in_busy else self.idle).remove(worker)
        kills = out_of_memory_kills()
        out_of_memory, self.kills_seen = kills > self.kills_seen, kills
        started = worker.started
        self._discard(worker)
        if task is None:
            return []
        interrupted = self._kill_at is not None and failure is None
        return [
            StepRecord(
                step=task.step,
                state=State.CANCELLED if interrupted else State.FAILED,
                attempt=self.setup.attempt,
                tries=task.order.tries,
                started=clock.rfc3339(started),
                duration=max(0.0, clock.now() - started),
                failure=None if interrupted else failure or failure_of_exit(status, out_of_memory=out_of_memory, what=task.what),
                reason="interrupted" if interrupted else "",
            )
        ]

    # --- limits and ends ---

    def _enforce_limits(self) -> None:
        now = clock.monotonic()
        for worker in self.busy:
            if worker.deadline is not None and now >= worker.deadline and worker.task is not None:
                if worker.stopped_for is None:  # as on cancellation: it may clean up, and its traceback says where it was
                    worker.stopped_for = failure_of_timeout(worker.task.timeout or 0, worker.task.what)
                    worker.is_hunted = True
                    worker.deadline = now + GRACE
                    worker.signal(signal.SIGINT)
                else:
                    worker.deadline = None
                    worker.kill()
        if self._kill_at is not None and now >= self._kill_at:
            self.kill()

    def interrupt(self) -> None:
        """Ask all running steps to stop; those that have not after `GRACE` seconds are killed by a later `poll`."""
        if self._kill_at is None:
            self._kill_at = clock.monotonic() + GRACE
        for worker in self.busy:
            worker.is_hunted = True
            worker.signal(signal.SIGINT)

    def kill(self) -> None:
        for worker in self.busy:
            worker.is_hunted = True
            worker.kill()

    def close(self) -> None:
        """End every process that is left."""
        for worker in self.busy:
            worker.is_hunted = True
            self._discard(worker)
        self._end(self.idle)
        self.idle.clear()
        self.busy.clear()
        self.selector.close()

    def _end(self, workers: list[_Worker]) -> None:
        """Workers whose steps have ended may take a moment; after an interrupt, no longer than steps may."""
        for worker in workers:
            worker.note_children()
            worker.release()
        until = clock.monotonic() + _ENDING
        for worker in workers:
            worker.wait_for_end(until if self._kill_at is None else min(until, self._kill_at))
            self._discard(worker)

    def _discard(self, worker: _Worker) -> None:
        for descriptor in (worker.responses, worker.log):
            self._unregister(descriptor)
        worker.close()

    def _unregister(self, descriptor: int) -> None:
        try:
            self.selector.unregister(descriptor)
        except KeyError:  # its end was read before
            pass
