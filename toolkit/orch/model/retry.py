"""How often a step that failed starts again, and when. Names are ZenML's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from orch.model.canonical import Json
from orch.model.graph_file import NUMBER, WHOLE, Keys

_LONGEST_DELAY: Final = 30 * 86_400.0
_KEYS: Final = Keys("a retry", {"max_retries": WHOLE, "delay": NUMBER, "backoff": NUMBER})


@dataclass(frozen=True, slots=True)
class StepRetryConfig:
    """How often a failed step starts again: `delay` seconds before the first retry, times `backoff` before each later one."""

    max_retries: int = 1
    delay: float = 0
    backoff: float = 1

    def __post_init__(self) -> None:
        if not (type(self.max_retries) is int and self.max_retries >= 0):
            raise ValueError(f"max_retries is {self.max_retries!r}, expected a whole number from 0")
        if not 0 <= self.delay < math.inf:
            raise ValueError(f"delay is {self.delay!r}, expected seconds from 0")
        if not 1 <= self.backoff < math.inf:
            raise ValueError(f"backoff is {self.backoff!r}, expected a factor from 1")
        if self.delay and self._longest_delay() > _LONGEST_DELAY:
            raise ValueError(f"the delay before retry {self.max_retries} would be more than 30 days: lower backoff or max_retries")

    def _longest_delay(self) -> float:
        try:
            return self.delay * float(self.backoff) ** (self.max_retries - 1)
        except OverflowError:
            return math.inf

    def delay_after(self, tries: int) -> float | None:
        """Seconds to wait after the failed try number `tries`, from 1; None where it was the last."""
        if tries > self.max_retries:
            return None
        return self.delay * float(self.backoff) ** (tries - 1) if self.delay else 0.0

    def to_json(self) -> Json:
        return {"max_retries": self.max_retries, "delay": self.delay, "backoff": self.backoff}

    @classmethod
    def from_json(cls, data: Json) -> StepRetryConfig:
        _KEYS.check(data)
        return cls(**data)
