"""The mapped steps of a run that go on: their legs, handed out one by one, and what becomes of a step when all of its have ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from orch.model.artifacts import Artifact
from orch.model.bindings import Item, OutputRef, references
from orch.model.canonical import Json
from orch.model.fan import index_of, leg_id, step_of
from orch.model.gathered import fold_legs
from orch.model.graph import Graph, Step
from orch.model.legs import Legs, legs_of
from orch.model.records import StepRecord
from orch.orchestrators.local.single_legs import Singled
from orch.planning.decide import lengths, mapped_in


def only_items(leg: Step) -> dict[str, int]:
    """The outputs of which `leg` reads one item and nothing else, with its place in the list."""
    if not any(isinstance(binding, Item) for _, binding in leg.inputs):
        return {}
    found: dict[str, set[int | None]] = {}
    for _, binding in leg.inputs:
        index = binding.index if isinstance(binding, Item) else None
        for ref in references(binding):
            if isinstance(ref, OutputRef):
                found.setdefault(str(ref), set()).add(index)
    return {name: index for name, indices in found.items() if len(indices) == 1 and (index := next(iter(indices))) is not None}


@dataclass
class _Spread:
    """`waiting` gives the legs that nobody has asked for yet; `open` are those that were handed out and have not ended.

    `indices` are the places of the legs that run, of `count` that there are.
    """

    step: Step
    count: int
    indices: Sequence[int]
    waiting: Iterator[Step]
    open: set[str] = field(default_factory=set)
    ended: dict[int, StepRecord] = field(default_factory=dict)

    @property
    def has_room(self) -> bool:
        assert self.step.fan is not None
        most = self.step.fan.max_parallel
        return most is None or len(self.open) < most


class Fans:
    """Steps by name, also those that are legs: `fans["train.3"]`."""

    def __init__(self, graph: Graph, parameters: Mapping[str, Json], attempt: int, singled: Mapping[str, Singled] | None = None) -> None:
        """Of `singled` steps only some legs run."""
        self.graph = graph
        self.parameters = parameters
        self.attempt = attempt
        self.singled = singled or {}
        self._legs: dict[str, Step] = {}
        self._going_on: dict[str, _Spread] = {}

    def __getitem__(self, name: str) -> Step:
        return self._legs.get(name) or self.graph[step_of(name)]

    def start(self, step: Step, artifacts: Mapping[str, Artifact]) -> StepRecord | None:
        """`step` is one whose inputs are all in `artifacts`; gives its record at once if it has no legs. Raises MapError."""
        legs: Legs = legs_of(step, lengths(artifacts, self.parameters), mapped_in(artifacts))
        indices: Sequence[int] = range(len(legs))
        if single := self.singled.get(step.id):
            single.check(legs)
            indices = single.wanted
        if not len(legs):
            return fold_legs(step, [], self.attempt)
        self._going_on[step.id] = _Spread(step, len(legs), indices, (legs[index] for index in indices))
        return None

    def refuse(self, step: Step) -> str:
        """Have `step` go on with one leg, which nobody starts: the name of the leg that ends in its place."""
        leg = replace(step, id=leg_id(step.id, 0), fan=None)
        self._going_on[step.id] = _Spread(step, 1, [0], iter(()))
        self._legs[leg.id] = leg
        return leg.id

    def next(self) -> Step | None:
        """A leg that may start now."""
        for spread in self._going_on.values():
            if spread.has_room and (leg := next(spread.waiting, None)) is not None:
                self._legs[leg.id] = leg
                spread.open.add(leg.id)
                return leg
        return None

    def end(self, record: StepRecord) -> StepRecord | None:
        """The end of a leg; gives the record of its step if it was the last one."""
        spread = self._going_on[step_of(record.step)]
        spread.open.discard(record.step)
        index = index_of(record.step)
        assert index is not None
        spread.ended[index] = record
        if len(spread.ended) < len(spread.indices):
            return None
        del self._going_on[spread.step.id]
        legs = [spread.ended[number] for number in spread.indices]
        if (single := self.singled.get(spread.step.id)) and tuple(spread.indices) == single.wanted:
            return single.fold(spread.step, legs, spread.count, self.attempt)
        return fold_legs(spread.step, legs, self.attempt)

    @property
    def going_on(self) -> frozenset[str]:
        """The ids of the steps that have legs which have not ended."""
        return frozenset(self._going_on)

    def unended(self) -> list[str]:
        """The names of all legs of these steps that have not ended, whether they were handed out or not."""
        names = ((spread, leg_id(spread.step.id, index)) for spread in self._going_on.values() for index in spread.indices)
        return [name for spread, name in names if index_of(name) not in spread.ended]

    def give_up(self) -> list[str]:
        """Hand out no more legs; gives the names of all that have not ended."""
        for spread in self._going_on.values():
            spread.waiting = iter(())
        return self.unended()

    def forget(self, steps: frozenset[str]) -> None:
        """These are looked at again."""
        self._going_on = {step: spread for step, spread in self._going_on.items() if step not in steps}
