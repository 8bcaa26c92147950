"""What becomes of steps, for every outcome, cached result, condition, execution mode and edge that a workflow leaves out: one table.

Each row is a pipeline in words, the code that it is, and how its steps must end, wherever it runs.
"""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OUTCOMES: Final = ("succeeded", "failed", "cached")
# Around `middle`: what is written, and the parameters that make it what the row's name says; before, it was true.
CONDITIONS: Final = {
    "none": ("", {}),
    "output-true": ("with when(s > limit):", {"limit": 0}),
    "output-false": ("with when(s > limit):", {"limit": 5}),
    "parameter-true": ("with when(go):", {"go": True}),
    "parameter-false": ("with when(go):", {"go": False}),
}
PYTHON: Final = f"{sys.version_info[0]}.{sys.version_info[1]}"  # a plan has to know it to find what an earlier run has made
MODES: Final = ("continue_on_failure", "stop_on_failure", "fail_fast")

# `reader` reads `source` also by way of `middle`: that edge is left out of workflows. `last` sees `source` and `middle` from afar alone.
_CODE: Final = """
    from pathlib import Path

    def may_fail(name):
        if Path({folder!r}, name).exists():
            raise ValueError(name)

    @step(cache={source})
    def source() -> int:
        may_fail("source")
        return 1

    @step(cache={middle})
    def middle(x: int) -> int:
        may_fail("middle")
        return x

    @step
    def reader(x: int, y: int) -> int:
        return x + y

    @step
    def waiter() -> int:
        return 1

    @step
    def join(x: int) -> int:
        return x

    @step
    def last() -> int:
        return 1

    @step
    def apart() -> int:
        return 1

    @pipeline(cache=False, execution_mode={mode!r}, python={python!r})
    def p(limit: int = 0, go: bool = True):
        s = source()
        {condition}
            m = middle(s)
        reader(m, s)
        join(either(m, s))
        last(after=waiter(after=m))
        apart(after=s)
"""


@dataclass(frozen=True)
class Row:
    source: str
    middle: str
    condition: str
    mode: str

    def __str__(self) -> str:
        return f"{self.source}-{self.middle}-{self.condition}-{self.mode}"

    @property
    def parameters(self) -> dict[str, object]:
        return dict(CONDITIONS[self.condition][1])

    @property
    def cached(self) -> set[str]:
        return {name for name in ("source", "middle") if getattr(self, name) == "cached"}

    @property
    def failed(self) -> set[str]:
        return {name for name in ("source", "middle") if getattr(self, name) == "failed"}

    def code(self, folder: Path) -> str:
        """Steps fail where a file in `folder` has their name."""
        condition = CONDITIONS[self.condition][0] or "if True:"
        caches = {name: name in self.cached for name in ("source", "middle")}
        return _CODE.format(folder=str(folder), python=PYTHON, mode=self.mode, condition=condition, **caches)

    @property
    def ends(self) -> dict[str, str]:
        """As the words of the documentation have it."""
        is_wanted = not self.condition.endswith("false")
        source = self.source
        middle = self.middle if is_wanted else "skipped"
        if source == "failed":  # nothing runs below a failure
            return dict.fromkeys(("middle", "reader", "waiter", "join", "last", "apart"), "skipped") | {"source": source}
        if middle == "failed":  # what stands beside it runs if the mode lets it
            below = dict.fromkeys(("reader", "waiter", "join", "last"), "skipped")
            apart = "succeeded" if self.mode == "continue_on_failure" else "skipped"
            return below | {"source": source, "middle": middle, "apart": apart}
        # What reads from a step that is skipped by choice is skipped, what comes after it runs, and what takes either takes the other.
        beside = dict.fromkeys(("waiter", "join", "last", "apart"), "succeeded")
        return beside | {"source": source, "middle": middle, "reader": "succeeded" if is_wanted else "skipped"}

    @property
    def joined(self) -> str:
        """Whose output `join` takes, if it runs."""
        return "middle" if self.ends["middle"] in ("succeeded", "cached") else "source"


ROWS: Final = [Row(*each) for each in itertools.product(OUTCOMES, OUTCOMES, CONDITIONS, MODES)]
# Where the mode has no say, one is as good as another.
WORTH_A_RUN: Final = [row for row in ROWS if row.mode == MODES[0] or (row.middle == row.ends["middle"] == "failed")]
UNDER_ACT: Final = [
    Row("succeeded", "succeeded", "output-false", MODES[0]),
    Row("succeeded", "failed", "parameter-true", MODES[0]),
    Row("failed", "succeeded", "output-true", MODES[0]),
    Row("cached", "succeeded", "output-false", MODES[0]),
    Row("succeeded", "cached", "output-true", MODES[0]),
    Row("succeeded", "succeeded", "parameter-false", MODES[0]),
    Row("cached", "cached", "output-true", MODES[0]),
]
