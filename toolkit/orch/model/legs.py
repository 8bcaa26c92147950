"""The legs of mapped steps: how many there are, and what each one is. Pure; the same for a run on this machine and for jobs.

A leg is a step of its own, `train.3`, whose arguments that vary are single items. What a mapped step made leg by leg is read
leg by leg, too: an item of such a list is the output of one leg.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from orch.errors import GraphError, MapError, OrchError
from orch.model.bindings import Binding, Choice, Item, OutputRef, ParameterRef, Sequence, Value
from orch.model.fan import leg_id
from orch.model.steps import Step

if TYPE_CHECKING:
    from orch.model.fans import Fan

# How many items what a reference stands for has; None where it is no list.
LengthOf = Callable[[OutputRef | ParameterRef], int | None]


@dataclass(frozen=True, slots=True)
class Legs:
    """`sizes` has the lengths of the lists that `step` maps over, in their order; `mapped` the steps that are mapped themselves."""

    step: Step
    sizes: Mapping[str, int]
    mapped: Container[str] = frozenset()

    def __len__(self) -> int:
        assert self.step.fan is not None
        return _count(self.step.fan, self.sizes)

    def __getitem__(self, index: int) -> Step:
        """The step that leg `index` is."""
        step = self.step
        at = self.positions(index)
        inputs = tuple((name, self._item(binding, at[name]) if name in at else binding) for name, binding in step.inputs)
        return Step(leg_id(step.id, index), step.source, inputs, step.outputs, settings=step.settings)

    def __iter__(self) -> Iterator[Step]:
        return (self[index] for index in range(len(self)))

    def positions(self, index: int) -> dict[str, int]:
        """Which item of each list leg `index` gets."""
        fan = self.step.fan
        assert fan is not None
        if not fan.product:
            return dict.fromkeys(fan.over, index)
        found = {}
        for name in reversed(fan.over):  # as of nested loops, the last list turns fastest
            index, found[name] = divmod(index, self.sizes[name])
        return found

    def _item(self, binding: Binding, index: int) -> Binding:
        match binding:
            case Value(data):
                return Value(data[index])
            case Sequence(_, items):
                return items[index]
            case OutputRef(step, output) if step in self.mapped:
                return OutputRef(leg_id(step, index), output)
            case _:
                return Item(binding, index)


def _count(fan: Fan, sizes: Mapping[str, int]) -> int:
    return prod(sizes.values()) if fan.product else next(iter(sizes.values()))


def legs_of(step: Step, length_of: LengthOf, mapped: Container[str] = frozenset()) -> Legs:
    """Raises MapError where `step` maps over what is no list, or over lists of different lengths side by side."""
    fan = step.fan
    assert fan is not None
    inputs = dict(step.inputs)
    sizes = {name: _length(step, name, inputs[name], length_of) for name in fan.over}
    check_sizes(step.id, fan, sizes)
    return Legs(step, sizes, mapped)


def check_fan(step: Step) -> Iterator[OrchError]:
    """What can be told of a mapped step before anything runs."""
    inputs = dict(step.inputs)
    over = {name: inputs.get(name) for name in step.fan.over} if step.fan else {}
    if unknown := [name for name, binding in over.items() if binding is None]:
        yield GraphError(f"step {step.id!r} maps over {unknown[0]!r}, which is not one of its inputs", step=step.id)
        return
    fixed = {name: length for name, binding in over.items() if binding and (length := fixed_length(binding)) is not None}
    scalars = [name for name, binding in over.items() if name not in fixed and not isinstance(binding, (OutputRef, ParameterRef, Choice))]
    if scalars:
        yield GraphError(f"step {step.id!r} maps over {scalars[0]!r}, which is not a list", step=step.id)
    elif step.fan and fixed and (len(fixed) == len(over) or not step.fan.product):
        try:
            check_sizes(step.id, step.fan, fixed)
        except MapError as error:
            yield GraphError(error.message, hint=error.hint, step=step.id)


def check_sizes(step: str, fan: Fan, sizes: Mapping[str, int]) -> None:
    """Raises MapError where lists of these lengths do not go together, or have more items than there may be."""
    if not fan.product:
        check_zip(step, sizes)
    if fan.max_items is not None and (count := _count(fan, sizes)) > fan.max_items:
        message = f"step {step!r} maps over {items(count)}, more than its max_items of {fan.max_items:,}"
        raise MapError(message, hint="give it fewer, or raise max_items at @step(...)")


def check_zip(step: str, sizes: Mapping[str, int]) -> None:
    """Raises MapError where lists that are taken side by side have different lengths."""
    first, *others = sizes.items()
    for name, size in others:
        if size != first[1]:
            message = f"step {step!r} maps over lists of different lengths: {first[0]!r} has {items(first[1])}, {name!r} has {items(size)}"
            raise MapError(message, hint="give it lists of one length, or `.product(...)` for every combination")


def items(count: int) -> str:
    return f"{count:,} item{'' if count == 1 else 's'}"


def fixed_length(binding: Binding) -> int | None:
    """How many items a list has that is written in the graph; None of a reference, and of what is no list."""
    match binding:
        case Value(list(data)):
            return len(data)
        case Sequence("list", members):
            return len(members)
        case _:
            return None


def _length(step: Step, name: str, binding: Binding, length_of: LengthOf) -> int:
    length = length_of(binding) if isinstance(binding, (OutputRef, ParameterRef)) else fixed_length(binding)
    if length is None:
        raise not_a_list(step, name, binding)
    return length


def not_a_list(step: Step, name: str, binding: Binding) -> MapError:
    source = f"the output {str(binding)!r}" if isinstance(binding, OutputRef) else "what it was given"
    if isinstance(binding, ParameterRef):
        source = f"the parameter {binding.name!r}"
    return MapError(f"step {step.id!r} maps over {name!r}, but {source} is not a list", hint="return a list, or pass unmapped(...)")
