"""A worker as the scheduler sees it: the process, the step that it was given, and what it has said of it so far."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from orch import files, system
from orch.model import canonical
from orch.model.canonical import Json
from orch.model.records import Failure
from orch.runtime import clock
from orch.runtime.execute import Order, Setup
from orch.runtime.failures import failure_of_lost_pipe
from orch.runtime.lines import Lines
from orch.runtime.redact import Redactor

if TYPE_CHECKING:
    from orch.system.contract import Main, Processes

ENDING: Final = 1.0  # seconds that a worker without a step, and what it started, may take to end
ENDING_AWAY: Final = 10.0  # the same for one whose steps run elsewhere: it takes away what they left there
_LATE: Final = 60.0  # seconds after which a limit is kept here that should have been where the step runs: its start there takes time
_TOOLKIT: Final = str(Path(__file__).parents[2])
# -P: the current folder is not on the path, the folders of the project are put there when its modules are loaded. The worker is
# of the same toolkit as this process, whatever else is installed.
_PROGRAM: Final = (
    f"import sys; sys.path.insert(0, {_TOOLKIT!r}); import orch; del sys.path[0]; "
    "from orch.collector import collect_seldom; collect_seldom(); "
    "from {module} import main; main(sys.argv.pop())"
)
_MODULE: Final = "orch.runtime.worker"


class Program(NamedTuple):
    """What runs instead of a worker, and speaks as one: `module` has its `main`. It is told something once, runs no code of the user's,
    and what a step gets goes to it with the order."""

    module: str
    told: Json


class Task(NamedTuple):
    """A step to run: its order, what its process must see in the environment, and its limit in seconds."""

    order: Order
    environment: Mapping[str, str] = {}
    secrets: tuple[str, ...] = ()
    timeout: float | None = None

    @property
    def step(self) -> str:
        return str(self.order.step["id"])

    @property
    def target(self) -> str:
        return str(self.order.step.get("settings", {}).get("target", ""))

    @property
    def what(self) -> str:
        return "hook" if self.order.hook else "step"


class Worker:
    """`may_fork`: this process has no threads and has imported no code of the user's, so a copy of it is as good as a new one."""

    def __init__(
        self, processes: Processes, setup: Setup, environment: Mapping[str, str], *, may_fork: bool, program: Program | None = None
    ) -> None:
        self.environment = dict(environment)
        self.program = program
        self.scratch = _new_folder(setup.run, environment)
        own = {**environment, **dict.fromkeys(system.TEMPORARY, self.scratch)}
        main = _main if may_fork and program is None else None
        command = [sys.executable, "-P", "-c", _PROGRAM.replace("{module}", program.module if program else _MODULE)]
        self.process = processes.start(command, own, os.path.basename(self.scratch), main)
        self.responses, self.log = self.process.responses, self.process.log
        self.answer = b""
        self.task: Task | None = None
        self.lines = Lines(Redactor(()))
        self.started = 0.0
        self.deadline: float | None = None
        self.kill_at: float | None = None  # once it was interrupted
        self.stopped_for: Failure | None = None
        self.process.send(f"{canonical.dumps(setup._replace(scratch=self.scratch).to_json())}\n".encode())
        if program:
            self.process.send(f"{canonical.dumps(program.told)}\n".encode())

    def start(self, task: Task, secrets: Mapping[str, str]) -> None:
        self.task = task
        self.started = clock.now()
        late = _LATE if self.program else 0.0
        self.deadline = None if task.timeout is None else clock.monotonic() + task.timeout + late
        self.kill_at = None
        self.lines = Lines(Redactor(secrets.values()))
        order = task.order.to_json()
        more = {"environment": dict(task.environment), "secrets": dict(secrets), "timeout": task.timeout}
        told = {"order": order, **more} if self.program else order
        self.process.send(f"{canonical.dumps(told)}\n".encode())

    def interrupt(self) -> None:
        """Ask it to stop, and what its step started; whatever of that is left at its end is killed, wherever it is."""
        self.process.hunt()
        self.process.interrupt()

    def kill(self) -> None:
        self.process.hunt()
        self.process.kill()

    def release(self) -> None:
        """No orders any more: it ends as Python does, and gives back what libraries keep outside the process."""
        self.process.end_input()

    def wait_for_end(self, until: float) -> None:
        """Also of its children, which may be cleaning up: each holds the log pipe while it lives."""
        self.process.drain(max(0.0, until - clock.monotonic()))

    def exit_code(self) -> int:
        """After the end of its answers; a process that closed them and lives on is not waited for."""
        until = clock.monotonic() + ENDING
        while (code := self.process.poll()) is None:
            if clock.monotonic() > until:
                self.stopped_for = self.stopped_for or failure_of_lost_pipe()
                self.kill()
                return self.process.wait()
            clock.sleep(0.001)
        return code

    def close(self) -> None:
        self.process.close()
        _remove_folder(self.scratch)


def _main() -> Main:
    from orch.runtime import worker  # a new process imports it itself

    main: Callable[[str], object] = worker.main
    return main


def _new_folder(run: str, environment: Mapping[str, str]) -> str:
    """Private, and named so that nobody can have made it before; `orch gc` finds those of a run that was killed."""
    parent = next((place for name in ("TMPDIR", "TEMP", "TMP") if (place := environment.get(name))), system.DEFAULT_TEMPORARY)
    folder = os.path.join(os.path.abspath(parent), f"orch-step-{run}-{os.urandom(6).hex()}")
    files.make_folder(folder, 0o700)
    return folder


def _remove_folder(folder: str) -> None:
    try:
        files.remove_folder(folder)
    except OSError:  # the step left files there
        files.remove_tree(folder, ignore_errors=True)
