"""What a parameter that is a list or a dict holds, as data: its JSON can be checked before anything runs, in a job too."""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass, replace
from typing import Any, Final, Union

from orch.model.canonical import Json
from orch.model.graph_file import FLAG, TABLE, TEXT, Keys

_ATOMS: Final = {bool: "bool", int: "int", float: "float", str: "str"}
_TYPES: Final[dict[str, type]] = {"list": list, "dict": dict} | {name: kind for kind, name in _ATOMS.items()}


_SHAPE: Final = Keys("a parameter's shape", {"kind": TEXT}, {"of": TABLE, "optional": FLAG})


@dataclass(frozen=True, slots=True)
class Shape:
    """`kind`: list, dict, bool, int, float, str, or any (of JSON). `of`: what each item of a list or dict is."""

    kind: str
    of: Shape | None = None
    optional: bool = False

    def fit(self, value: object, path: str = "$") -> object:
        """`value` as it is declared (an int where a float is due becomes one); raises ValueError with the place."""
        if value is None and self.optional:
            return None
        items = self.of or ANY
        match value:
            case list() if self.kind in ("list", "any"):
                return [items.fit(item, f"{path}[{number}]") for number, item in enumerate(value)]
            case dict() if self.kind in ("dict", "any") and all(type(key) is str for key in value):
                return {key: items.fit(item, f"{path}.{key}") for key, item in value.items()}
            case int() if self.kind == "float" and type(value) is int:
                return float(value)
        if self.kind == "any" and (value is None or type(value) in _ATOMS):
            return value
        if type(value) is not _TYPES.get(self.kind) or isinstance(value, dict):
            raise ValueError(f"expected {self} at {path}, not {value!r}")
        return value

    def __str__(self) -> str:
        kind = f"{self.kind}[{'str, ' if self.kind == 'dict' else ''}{self.of}]" if self.of else self.kind
        return f"{kind} | None" if self.optional else kind

    def to_json(self) -> Json:
        data: dict[str, Json] = {"kind": self.kind}
        if self.of:
            data["of"] = self.of.to_json()
        return data | ({"optional": True} if self.optional else {})

    @classmethod
    def from_json(cls, data: Json) -> Shape:
        _SHAPE.check(data)
        if data["kind"] not in (*_TYPES, "any"):
            raise ValueError(f"{data['kind']!r} is not a kind of JSON")
        return cls(data["kind"], cls.from_json(data["of"]) if "of" in data else None, data.get("optional", False))


ANY: Final = Shape("any")


def shape_of(annotation: Any) -> Shape | None:
    """The shape of a resolved annotation, or None where JSON has no such values."""
    if annotation in (Any, object):
        return ANY
    origin, members = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return shape_of(members[0])
    if origin is typing.Literal:
        kinds = {type(choice) for choice in members}
        return shape_of(kinds.pop()) if len(kinds) == 1 else ANY
    if origin in (Union, types.UnionType):
        return _shape_of_union([shape_of(member) for member in members if member is not type(None)], optional=type(None) in members)
    kind = {list: "list", dict: "dict"}.get(origin or annotation)
    if kind is None:
        return Shape(_ATOMS[annotation]) if annotation in _ATOMS else None
    if not members:
        return Shape(kind)
    of = shape_of(members[-1])
    return Shape(kind, of) if of and (kind == "list" or members[0] in (str, Any)) else None


def _shape_of_union(shapes: list[Shape | None], *, optional: bool) -> Shape | None:
    if None in shapes:
        return None
    return replace(shapes[0], optional=optional or shapes[0].optional) if len(shapes) == 1 and shapes[0] else ANY
