"""A run as plain lines, in the order of its events: for logs, pipes and terminals that cannot do more."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from orch.cli.display.ending import LONGEST_REASON, colour_of, ending, heading, reason_of
from orch.cli.text import cut, duration, lines_of, log_line, one_line, paint, takes_colour
from orch.model.events import Event, RunEnded, RunStarted, StepEnded, StepOutput, StepStarted
from orch.model.graph import Graph

WIDEST_NAME = 24


def name_width(graph: Graph) -> int:
    """Columns for the steps' names, so that what follows them lines up."""
    return min(max(len(step.id) + (4 if step.fan else 0) for step in graph.steps), WIDEST_NAME)


class Plain:
    def __init__(self, stream: TextIO, runs: Path) -> None:
        self._stream = stream
        self._runs = runs
        self._colour = takes_colour(stream)
        self._width = 0
        self._graph: Graph | None = None
        self._has_reader = True

    def __call__(self, event: Event, /) -> None:
        if not self._has_reader:
            return
        try:
            for line in self._lines(event):
                print(line, file=self._stream)
            self._stream.flush()
        except BrokenPipeError:  # nobody reads any more; the run goes on
            self._has_reader = False

    def close(self) -> None:
        """Every line is out already."""

    def _lines(self, event: Event) -> list[str]:
        match event:
            case RunStarted(info, graph):
                self._graph = graph
                self._width = name_width(graph)
                return [heading(info, steps=len(graph.steps))]
            case StepStarted(step, tries):
                return [f"{self._name(step)} started{f', try {tries}' if tries > 1 else ''}"]
            case StepOutput(step, text):
                return [f"{self._name(step)} | {log_line(line, colour=self._colour)}" for line in lines_of(text)]
            case StepEnded(record):
                state = paint(record.state, *colour_of(record.state), colour=self._colour)
                took = f" in {duration(record.duration)}" if record.started else ""
                why = f": {cut(one_line(reason_of(record)), LONGEST_REASON)}" if reason_of(record) else ""
                return [f"{self._name(record.step)} {state}{took}{why}"]
            case RunEnded(record):
                return ["", *ending(record, self._runs / record.info.run, graph=self._graph, colour=self._colour)]

    def _name(self, step: str) -> str:
        return paint(cut(one_line(step), WIDEST_NAME).ljust(self._width), "cyan", colour=self._colour)
