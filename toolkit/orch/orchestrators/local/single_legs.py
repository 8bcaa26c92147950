"""Some legs of a mapped step alone, as `--step train.3` asks: the others are what the last runs left, if that is still a whole list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from orch.errors import MapError, OrchError, UsageError
from orch.model.artifacts import GATHER, Artifact
from orch.model.canonical import Json
from orch.model.fan import index_of, leg_id, step_of
from orch.model.gathered import fold_legs, gather
from orch.model.legs import Legs, legs_of
from orch.model.records import StepRecord
from orch.model.runs import RunRecord
from orch.model.steps import Step
from orch.orchestrators.local.history import newest_first
from orch.orchestrators.local.home import Home
from orch.orchestrators.local.parts import Part
from orch.orchestrators.local.shared import Shared
from orch.planning.decide import lengths, mapped_in

Outputs = Mapping[str, Artifact]  # of one leg, by name


@dataclass(frozen=True, slots=True)
class Singled:
    """Which legs run, and what the legs of the last runs made, by their places."""

    wanted: tuple[int, ...]
    others: Mapping[int, Outputs]

    def check(self, legs: Legs) -> None:
        """Raises MapError."""
        for index in self.wanted:
            if index >= len(legs):
                message = f"step {legs.step.id!r} has {len(legs):,} legs, and {leg_id(legs.step.id, index)!r} is none of them"
                raise MapError(message, hint="they count from 0")

    def fold(self, step: Step, ended: Sequence[StepRecord], count: int, attempt: int) -> StepRecord:
        """The record of the step, of which these legs have `ended`; it has outputs only if all `count` items of its lists are known."""
        record = fold_legs(step, ended, attempt)
        made = dict(self.others) | {index: leg.outputs for index, leg in zip(self.wanted, ended, strict=True)}
        is_whole = record.state.has_outputs and set(made) == set(range(count))
        items = {output.name: [made[index][output.name] for index in range(count)] for output in step.outputs} if is_whole else {}
        others = "the others are as the last runs left them" if is_whole else "no run has left all others"
        told = f"{len(ended)} of {count:,} legs ran, {others}" if count > len(ended) else ""
        return replace(record, outputs={name: gather(each) for name, each in items.items()}, reason=record.reason or told)


def single_legs(part: Part, home: Home, shared: Shared) -> dict[str, Singled]:
    """By step, of those of which the part runs some legs."""
    found: dict[str, Singled] = {}
    for step, wanted in part.legs.items():
        others = _left(part.graph[step], newest_first(home, part.graph.pipeline))
        kept = {index: outputs for index, outputs in others.items() if shared.has(outputs.values())}
        found[step] = Singled(tuple(sorted(wanted)), kept)
    return found


def check_legs(singled: Mapping[str, Singled], part: Part, earlier: Mapping[str, StepRecord], parameters: Json) -> Iterator[OrchError]:
    """Legs that there are not, as far as that is known before anything runs: `earlier` are the steps that the part reads from."""
    artifacts = {f"{step}.{name}": artifact for step, told in earlier.items() for name, artifact in told.outputs.items()}
    for name, each in singled.items():
        step = part.graph[name].choose(earlier)
        if earlier.keys() >= set(step.producers):
            try:
                each.check(legs_of(step, lengths(artifacts, parameters), mapped_in(artifacts)))
            except MapError as error:
                yield UsageError(error.message, hint=error.hint)


def _left(step: Step, records: Iterable[RunRecord]) -> dict[int, Outputs]:
    """What the legs made in the newest run of the step, and where that was of some legs, in those before it back to one of all."""
    found: dict[int, Outputs] = {}
    is_whole = False
    for record in records:
        legs = {index: told for told in record.steps if step_of(told.step) == step.id and (index := index_of(told.step)) is not None}
        for index, told in legs.items():
            if told.state.has_outputs and not is_whole:
                found.setdefault(index, told.outputs)
            elif told.state.has_outputs and _are_equal(told.outputs, found.get(index, {})):
                found[index] = told.outputs  # items of a list have no previews
        whole = None if is_whole else next((told for told in record.steps if told.step == step.id and _is_list(told, step)), None)
        for index, outputs in enumerate(_items(step, whole.outputs) if whole else ()):
            found.setdefault(index, outputs)
        is_whole = is_whole or whole is not None
        if legs and not any(step_of(name) == step.id and index_of(name) is not None for name in record.info.part):
            break
    return found


def _items(step: Step, lists: Outputs) -> Iterator[Outputs]:
    names = [output.name for output in step.outputs]
    return (dict(zip(names, items, strict=True)) for items in zip(*(lists[name].items for name in names), strict=True))


def _are_equal(one: Outputs, other: Outputs) -> bool:
    return {name: each.digest for name, each in one.items()} == {name: each.digest for name, each in other.items()}


def _is_list(told: StepRecord, step: Step) -> bool:
    kept = [told.outputs.get(output.name) for output in step.outputs]
    return bool(kept) and told.state.has_outputs and all(each is not None and each.materializer == GATHER for each in kept)
