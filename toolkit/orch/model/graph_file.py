"""The rules of a graph's JSON: its schema number, and which keys, of which types, each of its objects has.

A key that this version does not know may change what the graph means, so it is refused, at every level.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from orch.errors import GraphError
from orch.model.canonical import Json
from orch.model.schema import check_schema

SCHEMA: Final = 1
_HINT: Final = "compile it again"


def _leads_down(path: str) -> bool:
    """A path as orch writes it; it neither leaves the folder that it starts in nor is too long for any system."""
    parts = path.split("/")
    return "\0" not in path and len(path) < 4096 and all(part not in ("", ".", "..") and len(part.encode()) < 256 for part in parts)


class Type(NamedTuple):
    """What a key's value has to be, in words and as a question."""

    name: str
    fits: Callable[[Json], bool]


TEXT: Final = Type("text", lambda value: type(value) is str)
FLAG: Final = Type("true or false", lambda value: type(value) is bool)
WHOLE: Final = Type("a whole number", lambda value: type(value) is int)
NUMBER: Final = Type("a number", lambda value: type(value) in (int, float))
LIST: Final = Type("a list", lambda value: type(value) is list)
FOLDER: Final = Type("a folder of the repository", lambda value: type(value) is str and (value == "." or _leads_down(value)))
TEXTS: Final = Type("a list of texts", lambda value: type(value) is list and all(type(item) is str for item in value))
TABLE: Final = Type("an object", lambda value: type(value) is dict)
TEXT_TABLE: Final = Type("an object of texts", lambda value: type(value) is dict and all(type(item) is str for item in value.values()))
LISTS: Final = Type(
    "a list of lists of texts", lambda value: type(value) is list and all(type(item) is list and TEXTS.fits(item) for item in value)
)
PAIRS: Final = Type(
    "a list of pairs of a name and a value",
    lambda value: type(value) is list and all(type(item) is list and len(item) == 2 and type(item[0]) is str for item in value),
)
STEPS: Final = Type(
    "a list of steps, each with its id",
    lambda value: type(value) is list and all(type(item) is dict and type(item.get("id")) is str for item in value),
)
JSON: Final = Type("any JSON", lambda _: True)


class Keys(NamedTuple):
    """What one kind of object in a graph has; `what` is what people call it."""

    what: str
    required: Mapping[str, Type]
    optional: Mapping[str, Type] = {}

    def check(self, data: Json) -> None:
        """Raises GraphError."""
        if type(data) is not dict:
            raise GraphError(f"{self.what} is {_short(data)}, expected an object", hint=_HINT)
        known = {**self.required, **self.optional}
        if unknown := sorted(data.keys() - known.keys()):
            raise GraphError(f"{self.what} has unknown keys: {', '.join(map(repr, unknown))}", hint=_HINT)
        if missing := sorted(self.required.keys() - data.keys()):
            raise GraphError(f"{self.what} lacks {', '.join(map(repr, missing))}", hint=_HINT)
        for name, value in data.items():
            if not known[name].fits(value):
                raise GraphError(f"{name!r} of {self.what} is {_short(value)}, expected {known[name].name}", hint=_HINT)


_GRAPH: Final = Keys(
    "a graph",
    {"schema": WHOLE, "pipeline": TEXT, "source": TEXT, "project": FOLDER, "parameters": LIST, "triggers": LIST, "steps": STEPS},
    {"requirements": TEXT, "python": TEXT, "execution_mode": TEXT, "concurrency": TABLE, "notices": LIST, "github": TABLE, "packs": LISTS},
)


def check_graph(data: Json) -> None:
    """Raises GraphError where `data` is no graph, one of a newer schema, or one with keys that no graph of this schema has."""
    check_schema(data, SCHEMA, "graph", GraphError)
    _GRAPH.check(data)


def _short(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
