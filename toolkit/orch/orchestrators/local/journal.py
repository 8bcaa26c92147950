"""What happens in a run, told as it happens: events to who watches, records and logs to the run's folder."""

from __future__ import annotations

from contextlib import suppress
from typing import BinaryIO

from orch.errors import StoreError
from orch.model.events import Event, EventSink, StepEnded, StepOutput, StepStarted
from orch.model.records import StepRecord
from orch.orchestrators.local.home import RunFolder


class Journal:
    """`records` has the last record of each step. What is told is written by the next `write`, for all steps at once.

    Who watches hears of steps at the next `publish`, in order: no worker waits while somebody is told what the others did.
    """

    def __init__(self, folder: RunFolder, sink: EventSink) -> None:
        self.folder = folder
        self.sink = sink
        self.records: dict[str, StepRecord] = {}
        self._unwritten: list[StepRecord] = []
        self._unsaid: list[Event] = []
        self._logs: dict[str, BinaryIO] = {}

    @property
    def is_behind(self) -> bool:
        return bool(self._unwritten)

    def begin(self, step: str, tries: int) -> None:
        """The start of a step."""
        self._unsaid.append(StepStarted(step, tries))

    def tell(self, record: StepRecord) -> None:
        """The end of a step."""
        self.amend(record)
        self._unsaid.append(StepEnded(record))

    def amend(self, record: StepRecord) -> None:
        """Of a step whose end was told: what is known of it since then."""
        self.records[record.step] = record
        self._unwritten.append(record)
        if log := self._logs.pop(record.step, None):
            log.close()

    def output(self, step: str, text: str) -> None:
        with self.folder.writing():
            if step not in self._logs:
                self._logs[step] = self.folder.open_log(step)
            self._logs[step].write(text.encode())
        self._unsaid.append(StepOutput(step, text))
        self.publish()

    def publish(self) -> None:
        events, self._unsaid = self._unsaid, []
        for event in events:
            self.sink(event)

    def write(self) -> None:
        if self._unwritten:
            self.folder.append_steps(self._unwritten)
            self._unwritten.clear()

    def close(self) -> None:
        """Also after an error, which then may well be that nothing can be written."""
        self.publish()
        with suppress(StoreError):
            self.write()
        for log in self._logs.values():
            log.close()
