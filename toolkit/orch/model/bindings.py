"""What an argument of a step is: a plain value, a parameter of the pipeline, an output of an earlier step, or lists and dicts of these."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orch.errors import GraphError
from orch.model.canonical import Json
from orch.model.graph_file import PAIRS


@dataclass(frozen=True, slots=True)
class Value:
    """An argument known when the graph is built, encoded by `orch.model.values`."""

    data: Json


@dataclass(frozen=True, slots=True)
class ParameterRef:
    """An argument that is a parameter of the pipeline."""

    name: str


@dataclass(frozen=True, slots=True)
class OutputRef:
    """An argument that is an output of an earlier step: a data edge."""

    step: str
    output: str

    def __str__(self) -> str:
        return f"{self.step}.{self.output}"


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list or tuple that holds at least one reference."""

    kind: str  # "list" or "tuple"
    items: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A dict with text keys, in the order written, that holds at least one reference."""

    items: tuple[tuple[str, Binding], ...]


Binding = Value | ParameterRef | OutputRef | Sequence | Table


def references(binding: Binding) -> Iterator[OutputRef | ParameterRef]:
    """Every reference inside `binding`, in order."""
    match binding:
        case OutputRef() | ParameterRef():
            yield binding
        case Sequence(_, items):
            for item in items:
                yield from references(item)
        case Table(entries):
            for _, item in entries:
                yield from references(item)
        case Value():
            pass


def binding_to_json(binding: Binding) -> Json:
    match binding:
        case Value(data):
            return {"value": data}
        case ParameterRef(name):
            return {"parameter": name}
        case OutputRef(step, output):
            return {"step": step, "output": output}
        case Sequence(kind, items):
            return {kind: [binding_to_json(item) for item in items]}
        case Table(entries):
            return {"dict": [[key, binding_to_json(item)] for key, item in entries]}


def binding_from_json(data: Json) -> Binding:
    match data:
        case {"value": value, **rest} if not rest:
            return Value(value)
        case {"parameter": str(name), **rest} if not rest:
            return ParameterRef(name)
        case {"step": str(step), "output": str(output), **rest} if not rest:
            return OutputRef(step, output)
        case {"list": list(items), **rest} if not rest:
            return Sequence("list", tuple(binding_from_json(item) for item in items))
        case {"tuple": list(items), **rest} if not rest:
            return Sequence("tuple", tuple(binding_from_json(item) for item in items))
        case {"dict": list(items), **rest} if not rest and PAIRS.fits(items):
            return Table(tuple((key, binding_from_json(item)) for key, item in items))
    raise GraphError(f"{data!r} is not an argument of a step")
