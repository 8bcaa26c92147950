"""A run for machines: one event per line on stdout, the last line is the run's record; people read stderr."""

from __future__ import annotations

import json
from typing import TextIO

from orch.cli.display.contract import Display
from orch.model.canonical import Json
from orch.model.events import Event, RunEnded, RunStarted, StepEnded, StepOutput, StepStarted, to_json
from orch.model.records import StepRecord
from orch.model.runs import fold


def json_line(data: Json) -> str:
    """`data` in ASCII: the same line whatever the encoding of stdout, and nothing in it that a terminal or a runner would act on.

    A runner finds `##[command]` anywhere in a line.
    """
    return json.dumps(data, allow_nan=False).replace("##[", "#\\u0023[")


class JsonLines:
    """What steps print goes to `people` alone: stdout is for events."""

    def __init__(self, stream: TextIO, people: Display) -> None:
        self._stream = stream
        self._people = people
        self._started: RunStarted | None = None
        self._records: list[StepRecord] = []
        self._has_reader = True

    def __call__(self, event: Event, /) -> None:
        self._people(event)
        match event:
            case RunStarted():
                self._started = event
            case StepEnded(record):
                self._records.append(record)
            case RunEnded():
                self._started = None
            case StepStarted():
                pass
            case StepOutput():
                return
        self._write(event)

    def close(self) -> None:
        """A run that broke off still gets its last line, from the steps that ended."""
        if self._started:
            self(RunEnded(fold(self._started.info, self._started.graph, self._records)))
        self._people.close()

    def _write(self, event: Event) -> None:
        if self._has_reader:
            try:
                print(json_line(to_json(event)), file=self._stream, flush=True)
            except BrokenPipeError:
                self._has_reader = False
