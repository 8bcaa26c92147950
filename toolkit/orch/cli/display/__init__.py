"""What a run looks like while it runs and when it has ended: live in a terminal, plain lines elsewhere, JSON for machines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orch.cli.display.contract import Display
from orch.cli.display.guard import Guard
from orch.cli.display.json_lines import JsonLines
from orch.cli.display.plain import Plain
from orch.cli.text import is_terminal
from orch.runtime.runner import on_runner


@contextmanager
def show(runs: Path, *, json: bool = False) -> Iterator[Display]:
    """The display that suits stdout, for one run. `runs` is the folder in which the run gets its own."""
    display = _choose(runs, json=json)
    if on_runner():
        display = Guard(display, sys.stderr if json else sys.stdout)
    try:
        yield display
    finally:
        display.close()


def _choose(runs: Path, *, json: bool) -> Display:
    if json:
        return JsonLines(sys.stdout, Plain(sys.stderr, runs))
    if is_terminal(sys.stdout):
        from orch.cli.display.live import Live

        return Live(sys.stdout, runs)
    return Plain(sys.stdout, runs)
