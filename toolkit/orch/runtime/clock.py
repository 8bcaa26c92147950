"""Time as records hold it; the one place that reads a clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

Clock: TypeAlias = Callable[[], float]  # seconds since 1970

now: Clock = time.time
monotonic: Callable[[], float] = time.monotonic
sleep: Callable[[float], None] = time.sleep


def rfc3339(seconds: float) -> str:
    """UTC with milliseconds, as `2026-01-31T12:00:00.123Z`."""
    whole = int(seconds)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{int((seconds - whole) * 1000):03d}Z"
