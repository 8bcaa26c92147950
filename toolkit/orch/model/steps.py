"""One step of a graph: where its function is, what its arguments are, and what it waits for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from orch.errors import GraphError
from orch.model.bindings import (
    Binding,
    OutputRef,
    ParameterRef,
    Sequence,
    Table,
    Value,
    binding_from_json,
    binding_to_json,
    references,
)
from orch.model.canonical import Json
from orch.model.graph_file import LIST, PAIRS, TABLE, TEXT, TEXTS, Keys
from orch.model.settings import StepSettings

if TYPE_CHECKING:
    from orch.model.conditions import Condition

# A step and what its arguments are, from one place.
__all__ = ["Binding", "Output", "OutputRef", "ParameterRef", "Sequence", "Step", "Table", "Value", "binding_from_json", "binding_to_json"]

_STEP: Final = Keys("a step", {"id": TEXT, "source": TEXT, "inputs": PAIRS, "outputs": LIST}, {"after": TEXTS, "settings": TABLE})
_OUTPUT: Final = Keys("an output", {"name": TEXT, "type": TEXT})


@dataclass(frozen=True, slots=True)
class Output:
    """One named output; `type` is the annotation as written in the source."""

    name: str
    type: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a graph. `source` is `path/in/project.py:function`."""

    id: str
    source: str
    inputs: tuple[tuple[str, Binding], ...] = ()
    outputs: tuple[Output, ...] = ()
    after: tuple[str, ...] = ()
    settings: StepSettings = field(default_factory=StepSettings)

    @property
    def references(self) -> Iterator[OutputRef | ParameterRef]:
        for _, binding in self.inputs:
            yield from references(binding)

    @property
    def producers(self) -> tuple[str, ...]:
        """Ids of the steps whose outputs this one reads, in order of first use."""
        return tuple(dict.fromkeys(ref.step for ref in self.references if isinstance(ref, OutputRef)))

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the pipeline's parameters that this step reads."""
        return tuple(dict.fromkeys(ref.name for ref in self.references if isinstance(ref, ParameterRef)))

    @property
    def needs(self) -> tuple[str, ...]:
        """Ids of all steps that must end before this one starts: data edges, then control edges."""
        return tuple(dict.fromkeys((*self.producers, *self.after)))

    @property
    def condition(self) -> Condition:
        """When the step may start, once all its `needs` have ended."""
        from orch.model.conditions import And, Succeeded  # asked by schedulers only, not by a job that runs one step

        return And(tuple(Succeeded(need) for need in self.needs))

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
        )
