"""What happens in a run, told as it happens: events to who watches, records and logs to the run's folder."""

from __future__ import annotations

from contextlib import suppress
from typing import BinaryIO

from orch.errors import StoreError
from orch.model.events import EventSink, StepEnded, StepOutput
from orch.model.records import StepRecord
from orch.orchestrators.local.home import RunFolder


class Journal:
    """`records` has the last record of each step. What is told is written by the next `write`, for all steps at once."""

    def __init__(self, folder: RunFolder, sink: EventSink) -> None:
        self.folder = folder
        self.sink = sink
        self.records: dict[str, StepRecord] = {}
        self._unwritten: list[StepRecord] = []
        self._logs: dict[str, BinaryIO] = {}

    @property
    def is_behind(self) -> bool:
        return bool(self._unwritten)

    def tell(self, record: StepRecord) -> None:
        """The end of a step."""
        self.amend(record)
        self.sink(StepEnded(record))

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
        self.sink(StepOutput(step, text))

    def write(self) -> None:
        if self._unwritten:
            self.folder.append_steps(self._unwritten)
            self._unwritten.clear()

    def close(self) -> None:
        """Also after an error, which then may well be that nothing can be written."""
        with suppress(StoreError):
            self.write()
        for log in self._logs.values():
            log.close()
