"""A run in a terminal: a table of steps that keeps itself up to date, with what the steps print scrolling above it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live as RichLive
from rich.table import Table
from rich.text import Text

from orch.cli.display.ending import colour_of, ending, heading, reason_of
from orch.cli.display.plain import WIDEST_NAME, name_width
from orch.cli.text import cut, duration, elapsed, lines_of, log_line, one_line, takes_colour
from orch.model.events import Event, RunEnded, RunStarted, StepEnded, StepOutput, StepStarted
from orch.model.fan import index_of, step_of
from orch.model.graph import Graph
from orch.model.states import State

_SOONEST: Final = 0.1  # seconds between two drawings, however much happens
_LATEST: Final = 1.0  # so that the times of running steps move
_MOST_URGENT_FIRST: Final = (State.RUNNING, State.FAILED, State.CANCELLED, State.QUEUED, State.SUCCEEDED, State.CACHED, State.SKIPPED)


@dataclass
class Row:
    step: str
    state: State = State.QUEUED
    since: float = 0.0
    took: float | None = None
    note: str = ""


@dataclass
class Board:
    """Where each step stands. Changed by events, drawn by `render`."""

    graph: Graph
    rows: dict[str, Row] = field(default_factory=dict)
    legs: dict[str, Counter[State]] = field(default_factory=dict)  # of mapped steps

    def __post_init__(self) -> None:
        self.rows = {step.id: Row(step.id) for step in self.graph.steps}

    def change(self, event: StepStarted | StepEnded, now: float) -> None:
        name = event.step if isinstance(event, StepStarted) else event.record.step
        if index_of(name) is not None:
            self._change_leg(step_of(name), event, now)
            return
        match event:
            case StepStarted(step, tries):
                self.rows[step] = Row(step, State.RUNNING, now, note=f"try {tries}" if tries > 1 else "")
            case StepEnded(record):
                took = record.duration if record.started else None
                self.rows[record.step] = Row(record.step, record.state, took=took, note=one_line(reason_of(record)))

    def _change_leg(self, step: str, event: StepStarted | StepEnded, now: float) -> None:
        """A mapped step is one row, however many legs it has."""
        row, counts = self.rows.get(step, Row(step)), self.legs.setdefault(step, Counter())
        if isinstance(event, StepEnded):
            counts[event.record.state] += 1
            counts[State.RUNNING] -= bool(event.record.started) and event.record.state is not State.CACHED
        elif event.tries == 1:
            counts[State.RUNNING] += 1
        note = ", ".join(f"{counts[state]} {state}" for state in _MOST_URGENT_FIRST if counts[state] > 0)
        self.rows[step] = Row(step, State.RUNNING, row.since or now, note=note)

    def render(self, now: float, height: int) -> RenderableType:
        """At most `height` lines: if there are more steps, those that run or failed come first, and the rest is counted."""
        counts = Counter(row.state for row in self.rows.values())
        total = Text(", ".join(f"{counts[state]} {state}" for state in _MOST_URGENT_FIRST if counts[state]), style="dim")
        room = max(height - 1, 1)
        shown = list(self.rows.values())
        if len(shown) > room:
            urgent = {row.step for row in sorted(shown, key=lambda row: _MOST_URGENT_FIRST.index(row.state))[:room]}
            shown = [row for row in shown if row.step in urgent]
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, justify="right", min_width=9)
        table.add_column(no_wrap=True, overflow="ellipsis")
        for row in shown:
            took = elapsed(now - row.since) if row.state is State.RUNNING else "" if row.took is None else duration(row.took)
            table.add_row(
                Text(cut(one_line(row.step), WIDEST_NAME)),
                Text(row.state, style=" ".join(colour_of(row.state))),
                Text(took),
                Text(row.note, style="dim"),
            )
        return Group(table, total)


class Live:
    """Events only change what is known; one thread draws, when something happened, and otherwise once a second."""

    def __init__(self, stream: TextIO, runs: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._runs = runs
        self._clock = clock
        self._colour = takes_colour(stream)
        self._stream = stream
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False, no_color=not self._colour)
        self._live = RichLive(console=self._console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False)
        self._board: Board | None = None
        self._width = 0
        self._printed: list[tuple[str, str]] = []  # by which step, what
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._stop = threading.Event()
        self._drawer = threading.Thread(target=self._draw_until_stopped, name="orch-display", daemon=True)

    def __call__(self, event: Event, /) -> None:
        match event:
            case RunStarted(info, graph):
                self._console.print(heading(info, steps=len(graph.steps)))
                self._board = Board(graph)
                self._width = name_width(graph)
                self._live.start()
                self._drawer.start()
            case StepStarted() | StepEnded() if self._board:
                with self._lock:
                    self._board.change(event, self._clock())
            case StepOutput(step, text):
                with self._lock:
                    self._printed.append((step, text))
            case RunEnded(record):
                self.close()
                graph_ = self._board.graph if self._board else None
                for line in ending(record, self._runs / record.info.run, graph=graph_, colour=self._colour):
                    print(line, file=self._stream)
                self._stream.flush()
            case _:
                pass
        self._news.set()

    def close(self) -> None:
        if self._drawer.is_alive():
            self._stop.set()
            self._news.set()
            self._drawer.join()
            self._draw()
        self._live.stop()

    def _line(self, step: str, line: str) -> Text:
        name = cut(one_line(step), WIDEST_NAME).ljust(self._width)
        return Text.assemble((name, "cyan"), " | ", Text.from_ansi(log_line(line, colour=self._colour)))

    def _draw_until_stopped(self) -> None:
        while not self._stop.is_set():
            self._news.wait(_LATEST)
            self._news.clear()
            self._draw()
            self._stop.wait(_SOONEST)

    def _draw(self) -> None:
        with self._lock:
            printed, self._printed = self._printed, []
            picture = self._board.render(self._clock(), max(self._console.height - 2, 3)) if self._board else Text()
        if lines := [self._line(step, line) for step, text in printed for line in lines_of(text)]:
            self._console.print(*lines, sep="\n", soft_wrap=True)
        self._live.update(picture, refresh=True)
