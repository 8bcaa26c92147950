"""Time as records hold it; the one place that reads a clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

Clock: TypeAlias = Callable[[], float]  # seconds since 1970

now: Clock = time.time
monotonic: Callable[[], float] = time.monotonic
sleep: Callable[[float], None] = time.sleep


def rfc3339(seconds: float) -> str:
    """UTC with milliseconds, as `2026-01-31T12:00:00.123Z`."""
    whole = int(seconds)
    return f"{_rfc3339(whole)}.{int((seconds - whole) * 1000):03d}Z"


@lru_cache(maxsize=2)  # what is told of one second is told of many steps
def _rfc3339(whole: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
