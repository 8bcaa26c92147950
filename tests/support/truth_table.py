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
CONDITIONS: Final[dict[str, tuple[str, dict[str, object]]]] = {
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
        join({join})
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
        join = "m" if self.condition == "none" else "either(m, s)"  # either() of what always runs is a mistake
        return _CODE.format(folder=str(folder), python=PYTHON, mode=self.mode, condition=condition, join=join, **caches)

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


# --- maps: a matrix whose list a step makes, or an earlier run has made; of nothing; under a condition; with a leg that fails ---

_MAPPED: Final = """
    from pathlib import Path

    @step(cache={cached})
    def many(n: int) -> list[int]:
        return list(range(n))

    @step
    def work(x: int) -> int:
        if Path({folder!r}, "work").exists() and x == 0:
            raise ValueError("work")
        return x

    @step
    def gather(xs: list[int]) -> int:
        return sum(xs)

    @step
    def after() -> int:
        return 1

    @pipeline(cache=False, python={python!r})
    def p(n: int = {n}, go: bool = True):
        xs = many(n)
        {condition}
            each = work.map(xs)
        gather(each)
        after(after=each)
"""


@dataclass(frozen=True)
class MappedRow:
    items: int
    cached: bool
    fails: bool
    condition: str

    def __str__(self) -> str:
        words = (f"{self.items}-items", "cached" if self.cached else "run", "leg-fails" if self.fails else "legs-succeed", self.condition)
        return "-".join(words)

    @property
    def parameters(self) -> dict[str, object]:
        return {"go": False} if self.condition == "false" else {}

    def code(self, folder: Path) -> str:
        condition = {"none": "if True:", "true": "with when(go):", "false": "with when(go):"}[self.condition]
        return _MAPPED.format(folder=str(folder), python=PYTHON, n=self.items, cached=self.cached, condition=condition)

    @property
    def ends(self) -> dict[str, str]:
        """A map over nothing has succeeded, and its gather has an empty list."""
        many = "cached" if self.cached else "succeeded"
        if self.condition == "false":
            return {"many": many, "work": "skipped", "gather": "skipped", "after": "succeeded"}
        if self.fails and self.items:
            return {"many": many, "work": "failed", "gather": "skipped", "after": "skipped"}
        return {"many": many, "work": "succeeded", "gather": "succeeded", "after": "succeeded"}


MAPPED_ROWS: Final = [MappedRow(*each) for each in itertools.product((0, 2), (False, True), (False, True), ("none", "true", "false"))]
MAPPED_UNDER_ACT: Final = [
    MappedRow(0, cached=True, fails=False, condition="true"),
    MappedRow(0, cached=False, fails=False, condition="false"),
]
