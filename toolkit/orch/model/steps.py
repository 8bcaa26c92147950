"""One step of a graph: where its function is, what its arguments are, and what it waits for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from orch.errors import GraphError
from orch.model.bindings import (
    Binding,
    Choice,
    Item,
    OutputRef,
    ParameterRef,
    Sequence,
    Table,
    Value,
    alternatives,
    binding_from_json,
    binding_to_json,
    chosen,
    references,
)
from orch.model.canonical import Json
from orch.model.graph_file import LIST, PAIRS, TABLE, TEXT, TEXTS, Keys
from orch.model.settings import StepSettings

if TYPE_CHECKING:
    from orch.model.conditions import Condition
    from orch.model.fans import Fan

# A step and what its arguments are, from one place.
__all__ = ["Binding", "Choice", "Item", "Output", "OutputRef", "ParameterRef", "Sequence", "Step", "Table", "Value"]
__all__ += ["alternatives", "binding_from_json", "binding_to_json"]

_STEP: Final = Keys(
    "a step",
    {"id": TEXT, "source": TEXT, "inputs": PAIRS, "outputs": LIST},
    {"after": TEXTS, "settings": TABLE, "fan": TABLE, "when": TABLE},
)
_PLAIN: Final = frozenset((Value, ParameterRef, OutputRef))
_OUTPUT: Final = Keys("an output", {"name": TEXT, "type": TEXT})


class Output(NamedTuple):
    """One named output; `type` is the annotation as written in the source."""

    name: str
    type: str = ""


@dataclass(frozen=True)
class Step:
    """One step of a graph. `source` is `path/in/project.py:function`. With a `fan` it runs once for each item of some inputs, and each of
    its outputs is the list of what these legs made, in the order of the items."""

    id: str
    source: str
    inputs: tuple[tuple[str, Binding], ...] = ()
    outputs: tuple[Output, ...] = ()
    after: tuple[str, ...] = ()
    settings: StepSettings = field(default_factory=StepSettings)
    fan: Fan | None = None
    when: Condition | None = None  # of comparisons alone: False skips it, by choice

    # What follows from the fields is asked for many times in a run, and found once.

    @cached_property
    def references(self) -> tuple[OutputRef | ParameterRef, ...]:
        return tuple(ref for _, binding in self.inputs for ref in references(binding))

    @cached_property
    def producers(self) -> tuple[str, ...]:
        """Ids of the steps whose outputs this one reads, in order of first use."""
        return tuple(dict.fromkeys(ref.step for ref in self.references if isinstance(ref, OutputRef)))

    @cached_property
    def asked(self) -> tuple[str, ...]:
        """Ids of the steps whose values its condition compares."""
        if self.when is None:
            return ()
        from orch.model.conditions import leaves

        return tuple(dict.fromkeys(leaf.left.step for leaf in leaves(self.when) if isinstance(leaf.left, OutputRef)))

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the pipeline's parameters that this step reads."""
        return tuple(dict.fromkeys(ref.name for ref in self.references if isinstance(ref, ParameterRef)))

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """Ids of all steps that must end before this one starts: data edges, what its condition compares, then control edges."""
        return tuple(dict.fromkeys((*self.producers, *self.asked, *self.after)))

    @cached_property
    def condition(self) -> Condition:
        """When the step may start, once all its `needs` have ended, and nothing above it has failed or was cancelled."""
        from orch.model.conditions import And, Or, Passed, Succeeded, all_of  # schedulers ask, not a job that runs one step

        if self._is_plain and self.when is None:
            waited = [Passed(step) for step in self.after if step not in self.producers]
            return And((*map(Succeeded, self.producers), *waited))
        read: dict[str, Condition] = {}
        either: list[Condition] = []
        for _, binding in self.inputs:
            for way in alternatives(binding):
                if len(way) == 1:
                    read[way[0].step] = Succeeded(way[0].step)
                else:
                    either.append(Or(tuple(Succeeded(step) for step in dict.fromkeys(ref.step for ref in way))))
        asked = [Succeeded(step) for step in self.asked if step not in read]
        waited = [Passed(step) for step in self.after if step not in read and step not in self.asked]
        found = all_of(*read.values(), *dict.fromkeys(either), *asked, *waited, *([self.when] if self.when else []))
        return found if isinstance(found, And) else And((found,))

    @property
    def _is_plain(self) -> bool:
        """Whether no argument holds another: then, as of most steps, there is no `either` to look for."""
        return all(type(binding) in _PLAIN for _, binding in self.inputs)

    @property
    def choices(self) -> tuple[str, ...]:
        """Ids of the steps that it reads from only if they ran: those of an `either`, and of nothing else that it reads."""
        ways = [way for _, binding in self.inputs for way in alternatives(binding)]
        required = {*(way[0].step for way in ways if len(way) == 1), *self.asked}
        return tuple(dict.fromkeys(ref.step for way in ways for ref in way if ref.step not in required))

    def choose(self, ran: Collection[str]) -> Step:
        """The step with each `either` replaced by its first alternative of the steps that `ran`; one of which none did stays."""
        if self._is_plain:
            return self
        inputs = tuple((name, chosen(binding, ran)) for name, binding in self.inputs)
        return self if inputs == self.inputs else replace(self, inputs=inputs)

    def to_json(self) -> Json:
        data: dict[str, Json] = {
            "id": self.id,
            "source": self.source,
            "inputs": [[name, binding_to_json(binding)] for name, binding in self.inputs],
            "outputs": [{"name": output.name, "type": output.type} for output in self.outputs],
        }
        if self.after:
            data["after"] = list(self.after)
        if settings := self.settings.to_json():
            data["settings"] = settings
        if self.fan:
            data["fan"] = self.fan.to_json()
        if self.when is not None:
            from orch.model.conditions import when_to_json

            data["when"] = when_to_json(self.when)
        return data

    @classmethod
    def from_json(cls, data: Json) -> Step:
        _STEP.check(data)
        for output in data["outputs"]:
            _OUTPUT.check(output)
        if len({name for name, _ in data["inputs"]}) < len(data["inputs"]):
            raise GraphError(f"step {data['id']!r} has two arguments of one name", hint="compile it again")
        try:
            settings = StepSettings.from_json(data.get("settings", {}))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise GraphError(f"the settings of step {data['id']!r} are damaged: {error}", hint="compile it again") from error
        return cls(
            data["id"],
            data["source"],
            tuple((name, binding_from_json(binding)) for name, binding in data["inputs"]),
            tuple(Output(output["name"], output["type"]) for output in data["outputs"]),
            tuple(data.get("after", ())),
            settings,
            _fan(data["fan"]) if "fan" in data else None,
            _when(data["when"]) if "when" in data else None,
        )


def _fan(data: Json) -> Fan:
    from orch.model.fans import Fan  # most steps run once

    return Fan.from_json(data)


def _when(data: Json) -> Condition:
    from orch.model.conditions import when_from_json  # most steps have none

    return when_from_json(data)
