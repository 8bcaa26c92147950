"""Which steps share a job, because each job takes its time to start and is billed by whole minutes. Pure.

A pack changes no result, and no step's end. Its members ask for the same machine, environment, secrets and permissions; and what
lies outside of it and above or below one member, lies so of all: where a need of a member fails none of them would have run, and
where a member fails its job fails, and only what would not have run anyway does not run. So no circle arises between jobs either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orch.planning.cost import Machine, PlannedJob, bill, longest_path

Pack = tuple[str, ...]

_LATER: Final = 1.0  # seconds that a run may take longer for being cheaper: steps of one job take turns


@dataclass(frozen=True, slots=True)
class Packable:
    """One step as far as packing sees it. Steps of equal `kind` may share a job; None never shares one.

    `seconds` is what it takes, `longest` when it is ended at the latest; so many as `cores` run at once without slowing
    each other down.
    """

    id: str
    needs: tuple[str, ...]
    kind: object
    machine: Machine
    seconds: float
    longest: float
    cores: int = 1


def problems_of(pack: Collection[str], steps: Sequence[Packable]) -> Iterator[str]:
    """Why `pack` cannot be one job, each as the end of a sentence."""
    graph = _Graph(steps)
    members = [step for step in steps if step.id in pack]
    first = members[0]
    for other in members[1:]:
        if other.kind is None or first.kind != other.kind:
            yield f"{first.id!r} and {other.id!r} differ in what their job needs"
            return
    if between := graph.between(frozenset(pack)):
        yield f"{between!r} lies between its steps, so that the job would wait for itself"
        return
    for outside, member, is_below in graph.uneven(frozenset(pack)):
        later, earlier = (outside, member) if is_below else (member, outside)
        yield f"{later!r} does not depend on {earlier!r}, and would not run where that fails"


def pack_steps(steps: Sequence[Packable], *, limit: float) -> tuple[Pack, ...]:
    """The packs of two and more steps that make the run cheaper and end no later, to a second, each in the order of `steps`.

    `limit` is how many seconds a job may take at most. `steps` are in an order in which each comes after its needs.
    """
    return _Packing(steps, limit).run()


class _Graph:
    """Who is above and below whom, as the bits of one int each."""

    def __init__(self, steps: Sequence[Packable]) -> None:
        self.steps = steps
        self.bit = {step.id: 1 << number for number, step in enumerate(steps)}
        self.above: dict[str, int] = {}
        self.below: dict[str, int] = dict.fromkeys(self.bit, 0)
        for step in steps:
            self.above[step.id] = 0
            for need in step.needs:
                self.above[step.id] |= self.above[need] | self.bit[need]
        for step in reversed(steps):
            for need in step.needs:
                self.below[need] |= self.below[step.id] | self.bit[step.id]

    def bits(self, pack: Collection[str]) -> int:
        found = 0
        for step in pack:
            found |= self.bit[step]
        return found

    def between(self, pack: frozenset[str]) -> str | None:
        """A step outside of `pack` that is above one of its members and below another."""
        above = below = 0
        for step in pack:
            above |= self.above[step]
            below |= self.below[step]
        inside = above & below & ~self.bits(pack)
        return next(self._named(inside), None)

    def uneven(self, pack: frozenset[str]) -> Iterator[tuple[str, str, bool]]:
        """What lies below one member and not below another, with that one, and the same of what lies above."""
        own = self.bits(pack)
        for related, is_below in ((self.below, True), (self.above, False)):
            some = 0
            for step in pack:
                some |= related[step]
            for member in sorted(pack):
                for name in self._named(some & ~related[member] & ~own):
                    yield name, member, is_below

    def _named(self, bits: int) -> Iterator[str]:
        while bits:
            lowest = bits & -bits
            yield self.steps[lowest.bit_length() - 1].id
            bits ^= lowest


class _Packing:
    def __init__(self, steps: Sequence[Packable], limit: float) -> None:
        self.steps = {step.id: step for step in steps}
        self.graph = _Graph(steps)
        self.order = {step.id: number for number, step in enumerate(steps)}
        self.limit = limit
        self.packs: dict[str, frozenset[str]] = {step.id: frozenset([step.id]) for step in steps}  # of each step
        self.latest = self._bill_seconds(self.packs) + _LATER

    def run(self) -> tuple[Pack, ...]:
        changed = True
        while changed:
            changed = False
            for one, other in self._neighbours():
                first, second = self.packs[one], self.packs[other]
                if first != second and self._is_worth_it(first, second):
                    self._merge(first | second)
                    changed = True
        packs = [tuple(sorted(pack, key=self.order.__getitem__)) for pack in set(self.packs.values()) if len(pack) > 1]
        return tuple(sorted(packs, key=lambda pack: self.order[pack[0]]))

    def _neighbours(self) -> Iterator[tuple[str, str]]:
        """Steps and their needs, then steps that need the same."""
        siblings: dict[tuple[str, ...], str] = {}
        for step in self.steps.values():
            yield from ((need, step.id) for need in step.needs)
            if (before := siblings.get(step.needs)) is not None:
                yield before, step.id
            siblings[step.needs] = step.id

    def _is_worth_it(self, first: frozenset[str], second: frozenset[str]) -> bool:
        pack = first | second
        kinds = {self.steps[step].kind for step in pack}
        if len(kinds) > 1 or None in kinds or sum(self.steps[step].longest for step in pack) > self.limit:
            return False
        if self.graph.between(pack) or next(self.graph.uneven(pack), None):
            return False
        apart = self._job(first).minutes + self._job(second).minutes
        if self._job(pack).minutes >= apart:
            return False
        return self._bill_seconds({**self.packs, **dict.fromkeys(pack, pack)}) <= self.latest

    def _merge(self, pack: frozenset[str]) -> None:
        self.packs |= dict.fromkeys(pack, pack)

    def _job(self, pack: frozenset[str]) -> PlannedJob:
        members = [self.steps[step] for step in sorted(pack, key=self.order.__getitem__)]
        return PlannedJob(members[0].id, members[0].machine, seconds_together(members))

    def _bill_seconds(self, packs: Mapping[str, frozenset[str]]) -> float:
        return bill(packed_jobs(list(self.steps.values()), packs)).seconds


def seconds_together(members: Sequence[Packable]) -> float:
    """What steps take in one job that runs them in parallel, as far as their needs and its cores allow."""
    _, longest = longest_path({step.id: step.seconds for step in members}, {step.id: step.needs for step in members})
    return max(longest, sum(step.seconds for step in members) / max(1, members[0].cores))


def packed_jobs(steps: Sequence[Packable], packs: Mapping[str, Collection[str]]) -> list[PlannedJob]:
    """The jobs of `steps`, each after its needs; `packs` gives the members of each step's job. A job is called like its first step."""
    order = {step.id: number for number, step in enumerate(steps)}
    head = {step.id: min(packs[step.id], key=order.__getitem__) for step in steps}
    members: dict[str, list[Packable]] = {}
    for step in steps:
        members.setdefault(head[step.id], []).append(step)
    jobs = {
        name: PlannedJob(
            name,
            group[0].machine,
            seconds_together(group),
            tuple(dict.fromkeys(head[need] for step in group for need in step.needs if head[need] != name)),
            tuple(step.id for step in group),
        )
        for name, group in members.items()
    }
    return _ordered(jobs)


def _ordered(jobs: Mapping[str, PlannedJob]) -> list[PlannedJob]:
    """Each after its needs: a pack stands where its first step stood, and may need what came later."""
    placed: dict[str, PlannedJob] = {}
    stack = [*reversed(list(jobs))]
    while stack:
        name = stack[-1]
        missing = [need for need in jobs[name].needs if need not in placed] if name not in placed else []
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        placed.setdefault(name, jobs[name])
    return list(placed.values())
