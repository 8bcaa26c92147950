"""What of the kept runs and results can go: pure, from what was found and the limits that were given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """`needs`: the objects that it was given or made; `keys`: the results that it made or used. `size` is without objects."""

    run: str
    pipeline: str
    when: float
    size: int
    needs: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    is_going_on: bool = False
    has_ended: bool = True  # False also of one that was killed


@dataclass(frozen=True, slots=True)
class Result:
    """One line of an index of results: which index, and its number there."""

    line: tuple[str, int]
    name: tuple[str, ...]  # of the same name, the last one counts
    key: str
    when: float
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """`objects`: size by digest."""

    runs: tuple[Run, ...]
    results: tuple[Result, ...]
    objects: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Limits:
    """`older_than` in seconds, `max_size` in bytes, `keep_last` runs of each pipeline."""

    older_than: float
    keep_last: int
    max_size: int | None = None


@dataclass(frozen=True, slots=True)
class Garbage:
    runs: frozenset[str]
    results: frozenset[tuple[str, int]]
    objects: frozenset[str]


def choose(found: Found, limits: Limits, now: float) -> Garbage:
    """What is older than the limit, then the oldest until the rest is no larger than the limit, and what nobody needs any more.

    Kept in any case: runs that go on, the last ones of each pipeline, and the results that those made or used. A result is
    as old as its last use.
    """
    kept = _protected(found.runs, limits.keep_last)
    last = {result.name: result for result in found.results}
    kept_keys = frozenset(key for run in kept for key in run.keys)
    used = _last_uses(found.runs)
    free: list[tuple[float, Run | Result]] = [(run.when, run) for run in found.runs if run not in kept]
    free += [(max(result.when, used.get(result.key, 0.0)), result) for result in last.values() if result.key not in kept_keys]
    free.sort(key=lambda each: (each[0], isinstance(each[1], Result)))

    everything: list[Run | Result] = [*found.runs, *last.values()]
    needed = Counter(digest for each in everything for digest in each.needs if digest in found.objects)
    size = sum(run.size for run in found.runs) + sum(found.objects[digest] for digest in needed)
    gone: list[Run | Result] = []
    for when, each in free:
        is_old = now - when > limits.older_than
        is_too_much = limits.max_size is not None and size > limits.max_size
        if not is_old and not is_too_much:
            break
        gone.append(each)
        size -= each.size if isinstance(each, Run) else 0
        for digest in each.needs:
            if digest in needed:
                needed[digest] -= 1
                if not needed[digest]:
                    del needed[digest]
                    size -= found.objects[digest]
    dropped = {each.line for each in gone if isinstance(each, Result)}
    current = {result.line for result in last.values()}
    return Garbage(
        runs=frozenset(each.run for each in gone if isinstance(each, Run)),
        results=frozenset(result.line for result in found.results if result.line not in current) | dropped,
        objects=frozenset(found.objects) - frozenset(needed),
    )


def _protected(runs: Iterable[Run], keep_last: int) -> frozenset[Run]:
    kept: set[Run] = set()
    ended: Counter[str] = Counter()
    for run in sorted(runs, key=lambda run: (run.when, run.run), reverse=True):
        if run.is_going_on:
            kept.add(run)
        elif run.has_ended and ended[run.pipeline] < keep_last:
            ended[run.pipeline] += 1
            kept.add(run)
    return frozenset(kept)


def _last_uses(runs: Iterable[Run]) -> dict[str, float]:
    """By key."""
    uses: dict[str, float] = {}
    for run in runs:
        uses |= {key: max(run.when, uses.get(key, 0.0)) for key in run.keys}
    return uses
