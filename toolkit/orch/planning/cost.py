"""What a run costs: the jobs, the time to its end, the minutes as they are billed, and the money. Pure: prices are handed in.

GitHub bills each job by itself, from when its runner has started, and rounds it up to a whole minute.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Machine:
    """A runner by its label. `price` is US dollars a minute, None where nobody said it; `queue` and `setup` are seconds.

    `queue` passes before the job begins and is not billed; `setup` is what a job does besides its steps, and is.
    """

    label: str
    price: float | None
    queue: float
    setup: float


class Basis(StrEnum):
    """What a count of items rests on."""

    GRAPH = "graph"  # it is written down
    RUNS = "runs"  # as many as earlier runs had
    BOUND = "max_items"  # as many as there may be
    DEFAULT = "default"  # of the parameters that are mapped over
    NOTHING = "nothing"  # the run finds them, and nobody said how many there may be


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """One job, or `legs` of a matrix that run at the same time. `seconds` is what its steps take.

    A mapped step has so many `items`, of which each leg may have several.
    """

    id: str
    machine: Machine
    seconds: float
    needs: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    legs: int = 1
    items: int = 1
    basis: Basis = Basis.GRAPH

    @property
    def minutes(self) -> int:
        """As billed."""
        return self.legs * max(1, math.ceil((self.machine.setup + self.seconds) / 60))

    @property
    def money(self) -> float:
        """US dollars; 0 where no price is known."""
        return self.minutes * (self.machine.price or 0.0)

    @property
    def time(self) -> float:
        """Seconds from being queued to the end."""
        return self.machine.queue + self.machine.setup + self.seconds


@dataclass(frozen=True, slots=True)
class Bill:
    """What a run costs in which every job runs. `path` are the jobs that the end waits for, `seconds` the time until it."""

    jobs: tuple[PlannedJob, ...]
    path: tuple[str, ...]
    seconds: float

    @property
    def count(self) -> int:
        return sum(job.legs for job in self.jobs)

    @property
    def minutes(self) -> int:
        return sum(job.minutes for job in self.jobs)

    @property
    def money(self) -> float:
        return sum(job.money for job in self.jobs)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """The labels whose price nobody knows."""
        return tuple(dict.fromkeys(job.machine.label for job in self.jobs if job.machine.price is None))

    @property
    def uncounted(self) -> tuple[PlannedJob, ...]:
        """Those that are counted as one, as nobody knows how many they are."""
        return tuple(job for job in self.jobs if job.basis is Basis.NOTHING)

    @property
    def is_whole(self) -> bool:
        """Whether `money` is all that is known to come; else at least so much."""
        return not self.unpriced and not self.uncounted


def bill(jobs: Iterable[PlannedJob]) -> Bill:
    """`jobs` in an order in which each comes after its needs; needs that are no jobs of these count for nothing."""
    planned = tuple(jobs)
    times = {job.id: job.time for job in planned}
    path, seconds = longest_path(times, {job.id: job.needs for job in planned})
    return Bill(planned, path, seconds)


def longest_path(times: Mapping[str, float], needs: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], float]:
    """The chain that ends last, and when; `times` in an order in which each comes after its needs."""
    ends: dict[str, float] = {}
    before: dict[str, str | None] = {}
    for name, time in times.items():
        latest = max((need for need in needs[name] if need in ends), key=ends.__getitem__, default=None)
        ends[name] = time + (ends[latest] if latest is not None else 0.0)
        before[name] = latest
    last = max(ends, key=ends.__getitem__, default=None)
    seconds = ends[last] if last is not None else 0.0
    path: list[str] = []
    while last is not None:
        path.append(last)
        last = before[last]
    return tuple(reversed(path)), seconds
