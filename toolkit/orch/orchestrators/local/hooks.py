"""The hooks of steps that have ended: started beside the steps, in their turn, and waited for before the run ends."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from orch.model.records import Failure, StepRecord
from orch.orchestrators.local.fans import Fans
from orch.orchestrators.local.journal import Journal
from orch.runtime.hooks import hook_failure, hook_task
from orch.runtime.pool import Pool, Task


class Hooks:
    def __init__(self, steps: Fans, pool: Pool, journal: Journal) -> None:
        self.steps = steps
        self.pool = pool
        self.journal = journal
        self._waiting: deque[Task] = deque()
        self._running: set[str] = set()

    def add(self, record: StepRecord) -> None:
        """`record` is the last word on its step."""
        if task := hook_task(self.steps[record.step], record):
            self._waiting.append(task)

    def start(self) -> None:
        while self._waiting and self.pool.has_room:
            task = self._waiting.popleft()
            self._running.add(task.step)
            self.pool.submit(task)

    def take(self, record: StepRecord) -> bool:
        """Whether `record` is that of a hook; if it failed, the step's own says so."""
        if record.step not in self._running:
            return False
        self._running.remove(record.step)
        if failure := hook_failure(record):
            self._failed(record.step, failure)
        return True

    def cancel(self) -> None:
        """Those that have not started."""
        for task in self._waiting:
            self._failed(task.step, Failure("interrupted", "the run was interrupted before the hook started"))
        self._waiting.clear()

    def _failed(self, step: str, failure: Failure) -> None:
        self.journal.output(step, f"its hook failed: {failure.traceback or failure.message}\n")
        self.journal.amend(replace(self.journal.records[step], hook=failure))
