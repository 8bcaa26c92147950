"""What the legs of a mapped step are called: its id, a `.`, which no step's own id has, and their number."""

from __future__ import annotations

import re
from typing import Final

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


def leg_id(step: str, index: int) -> str:
    return f"{step}.{index}"


def step_of(name: str) -> str:
    """The step that `name` is, or is a leg of."""
    return name if index_of(name) is None else name.partition(".")[0]


def index_of(name: str) -> int | None:
    """Which leg `name` is; None of a step, and of what no leg is called, as in a record that any job could have written."""
    if "." not in name:  # as of nearly all that is asked about
        return None
    index = name.partition(".")[2]
    return int(index) if _INDEX.fullmatch(index) else None
