"""The table that keeps itself up to date: what it shows of few steps, of many, and that it leaves the terminal as it was."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from support import runs

from orch.cli.display import show
from orch.cli.display.live import Board, Live
from orch.model.events import Event, StepEnded, StepStarted
from orch.model.states import State

GOLDEN = Path(__file__).parents[2] / "golden" / "cli"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def picture(board: Board, *, now: float = 0.0, height: int = 20) -> str:
    console = Console(file=io.StringIO(), width=80, color_system=None)
    console.print(board.render(now, height))
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"  # type: ignore[attr-defined]


def test_a_run_under_way(golden: Callable[[Path, str], None]) -> None:
    board = Board(runs.graph())
    board.change(StepStarted("load"), 1.0)
    board.change(StepEnded(runs.ended("load")), 2.0)
    board.change(StepStarted("train", 2), 3.0)
    failed = next(event for event in runs.failure() if isinstance(event, StepEnded) and event.record.failure)
    board.change(StepStarted("check"), 3.5)
    board.change(StepEnded(runs.ended("check", State.FAILED, failure=failed.record.failure)), 4.0)

    golden(GOLDEN / "live.txt", picture(board, now=80.0))


def test_of_many_steps_those_that_run_or_failed_are_shown_and_the_rest_is_counted() -> None:
    board = Board(runs.chain(300))
    for number in range(100):
        board.change(StepEnded(runs.ended(f"s{number:03}")), 0.0)
    board.change(StepEnded(runs.ended("s200", State.FAILED)), 0.0)
    board.change(StepStarted("s299"), 0.0)
    lines = picture(board, height=5).splitlines()

    assert [line.split()[:2] for line in lines[:-1]] == [["s100", "queued"], ["s101", "queued"], ["s200", "failed"], ["s299", "running"]]
    assert lines[-1] == "1 running, 1 failed, 198 queued, 100 succeeded"


@pytest.mark.parametrize("height", [1, 2, 10, 301, 400])
def test_a_picture_is_never_taller_than_its_room(height: int) -> None:
    assert len(picture(Board(runs.chain(300)), height=height).splitlines()) <= max(height, 2)


@pytest.mark.parametrize("events", [runs.success(), runs.failure()])
def test_a_whole_run_ends_as_plain_lines_do_and_no_thread_stays(
    events: list[Event], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    display = Live(stream, tmp_path)
    for event in events:
        display(event)
    display.close()

    assert stream.getvalue().endswith("run 20260102-030405-abcdef failed in 1.50 s\n") is (events == runs.failure())
    assert "orch-display" not in [thread.name for thread in threading.enumerate()]
    assert stream.getvalue().count("\x1b[?25l") == stream.getvalue().count("\x1b[?25h")


def test_what_steps_print_scrolls_above_without_its_control_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    display = Live(stream, tmp_path)
    for event in runs.success():
        display(event)

    shown = stream.getvalue()
    assert "load   | reading\n" in shown
    assert "check  | \\x1b]0;title\\x07\\u202e[bold]##[add-mask]x\n" in shown
    assert not re.search(r"\x1b\]|\x07|\x1b\[2J", shown)


def test_a_run_that_broke_off_gives_the_terminal_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    monkeypatch.setattr("sys.stdout", stream)

    def break_off() -> None:
        with show(tmp_path) as display:
            for event in runs.success()[:5]:
                display(event)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()

    assert stream.getvalue().count("\x1b[?25l") == stream.getvalue().count("\x1b[?25h") == 1
    assert "orch-display" not in [thread.name for thread in threading.enumerate()]
