"""Failed steps that wait for their next try."""

from __future__ import annotations

from orch.model.records import StepRecord
from orch.orchestrators.local.fans import Fans
from orch.runtime import clock
from orch.runtime.retries import cancelled_while_waiting, delay_before_next, mark_in_log


class Retries:
    """True while a step waits. `tries` counts those of steps that were started more than once."""

    def __init__(self, steps: Fans) -> None:
        self.steps = steps
        self.tries: dict[str, int] = {}
        self._waiting: dict[str, tuple[float, StepRecord]] = {}  # when, and what came of the last try

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, record: StepRecord) -> str | None:
        """What the step's log says of the failed try, or None where it was the last."""
        retry = self.steps[record.step].settings.retry
        delay = delay_before_next(retry, record)
        if retry is None or delay is None:
            return None
        self._waiting[record.step] = (clock.monotonic() + delay, record)
        self.tries[record.step] = record.tries + 1
        return mark_in_log(retry, record, delay)

    @property
    def waiting(self) -> frozenset[str]:
        return frozenset(self._waiting)

    def next_due(self) -> str | None:
        """One that has waited long enough, and waits no more."""
        now = clock.monotonic()
        step = next((step for step, (when, _) in self._waiting.items() if when <= now), None)
        if step is not None:
            del self._waiting[step]
        return step

    def patience(self) -> float | None:
        """Seconds until the next one is due."""
        return max(0.0, min(when for when, _ in self._waiting.values()) - clock.monotonic()) if self._waiting else None

    def cancel(self) -> list[StepRecord]:
        """The last word on those that wait."""
        waiting, self._waiting = self._waiting, {}
        return [cancelled_while_waiting(record) for _, record in waiting.values()]
