"""What an argument of a step is: a plain value, a parameter of the pipeline, an output of an earlier step, or lists and dicts of these."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

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


class Sequence(NamedTuple):
    """A list or tuple that holds at least one reference."""

    kind: str  # "list" or "tuple"
    items: tuple[Binding, ...]


class Table(NamedTuple):
    """A dict with text keys, in the order written, that holds at least one reference."""

    items: tuple[tuple[str, Binding], ...]


class Item(NamedTuple):
    """One item of an argument that is a list: what a leg of a mapped step gets. `index` counts from 0."""

    binding: Binding
    index: int  # type: ignore[assignment]  # a tuple has a method of that name, which nobody asks an item for


class Choice(NamedTuple):
    """`either(a, b, ...)`: the first of these outputs whose step ran; the others were skipped by choice."""

    items: tuple[OutputRef, ...]


Binding = Value | ParameterRef | OutputRef | Sequence | Table | Item | Choice


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
        case Item(inner):
            yield from references(inner)
        case Choice(refs):
            yield from refs
        case Value():
            pass


def alternatives(binding: Binding) -> Iterator[tuple[OutputRef, ...]]:
    """The outputs that `binding` needs: of each tuple one, the first whose step ran."""
    match binding:
        case OutputRef():
            yield (binding,)
        case Choice(refs):
            yield refs
        case Sequence(_, items):
            for item in items:
                yield from alternatives(item)
        case Table(entries):
            for _, item in entries:
                yield from alternatives(item)
        case Item(inner):
            yield from alternatives(inner)
        case Value() | ParameterRef():
            pass


def chosen(binding: Binding, ran: Collection[str]) -> Binding:
    """`binding` with each choice replaced by its first output of the steps that `ran`; one of which none did stays."""
    match binding:
        case Choice(refs):
            return next((ref for ref in refs if ref.step in ran), binding)
        case Sequence(kind, items):
            return Sequence(kind, tuple(chosen(item, ran) for item in items))
        case Table(entries):
            return Table(tuple((key, chosen(item, ran)) for key, item in entries))
        case Item(inner, index):
            return Item(chosen(inner, ran), index)
        case _:
            return binding


def rewritten(binding: Binding, change: Callable[[OutputRef], OutputRef]) -> Binding:
    """`binding` with every output that it names changed."""
    match binding:
        case OutputRef():
            return change(binding)
        case Choice(refs):
            return Choice(tuple(map(change, refs)))
        case Sequence(kind, items):
            return Sequence(kind, tuple(rewritten(item, change) for item in items))
        case Table(entries):
            return Table(tuple((key, rewritten(item, change)) for key, item in entries))
        case Item(inner, index):
            return Item(rewritten(inner, change), index)
        case Value() | ParameterRef():
            return binding


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
        case Item(inner, index):
            return {"item": binding_to_json(inner), "index": index}
        case Choice(refs):
            return {"either": [binding_to_json(ref) for ref in refs]}


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
        case {"item": inner, "index": index, **rest} if not rest and type(index) is int and index >= 0:
            return Item(binding_from_json(inner), index)
        case {"either": list(items), **rest} if not rest and len(items) > 1:
            refs = tuple(ref for item in items if isinstance(ref := binding_from_json(item), OutputRef))
            if len(refs) == len(items):
                return Choice(refs)
    raise GraphError(f"{data!r} is not an argument of a step")
