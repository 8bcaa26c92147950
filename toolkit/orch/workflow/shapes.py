"""What keys GitHub's objects have, and of which types: to judge what people write by hand, each problem with its place.

Only what may be written beside a generated job or workflow is here; the rest of the grammar is typed in `model`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, NamedTuple, TypeAlias

from orch.workflow.model import AREAS

Data: TypeAlias = Any


class Fault(NamedTuple):
    """`path` as Python would index it: `["services"]["db"]["imge"]`."""

    path: str
    what: str
    hint: str


@dataclass(frozen=True, slots=True)
class Text:
    """`expression` tells whether GitHub evaluates `${{ }}` there; `rule` is what a text of `pattern` has, in words."""

    what: str = "text"
    pattern: str = ""
    expression: bool = True
    rule: str = "write it in quotes"


@dataclass(frozen=True, slots=True)
class Flag:
    what: str = "true or false"


@dataclass(frozen=True, slots=True)
class Whole:
    what: str = "a whole number from 1"


@dataclass(frozen=True, slots=True)
class Scalars:
    """Names of variables or inputs, each with text, a number or a truth value."""

    what: str = "an object of texts"


@dataclass(frozen=True, slots=True)
class Listed:
    of: Shape
    what: str = "a list"


@dataclass(frozen=True, slots=True)
class Named:
    """Any names, all for the same."""

    of: Shape
    what: str = "an object"


@dataclass(frozen=True, slots=True)
class Either:
    """The first whose kind of value it is: text, list or object."""

    shapes: tuple[Shape, ...]
    what: str


@dataclass(frozen=True, slots=True)
class Fields:
    """`owned` has keys that GitHub knows and that are not for people, each with the reason and what to write instead."""

    what: str
    keys: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    owned: Mapping[str, str] = field(default_factory=dict)


Shape: TypeAlias = Text | Flag | Whole | Scalars | Listed | Named | Either | Fields


def faults(shape: Shape, data: Data, path: str = "") -> Iterator[Fault]:
    """Everything that keeps `data` from being of `shape`."""
    if not _is_kind(shape, data):
        yield Fault(path, f"is {data!r}, expected {shape.what}", _how(shape))
        return
    match shape:
        case Text():
            yield from _text_faults(shape, data, path)
        case Listed(of):
            for number, item in enumerate(data):
                yield from faults(of, item, f"{path}[{number}]")
        case Named(of):
            for name, item in data.items():
                yield from faults(of, item, f"{path}[{name!r}]")
        case Either(shapes):
            yield from faults(next(inner for inner in shapes if _is_kind(inner, data)), data, path)
        case Fields():
            yield from _field_faults(shape, data, path)
        case Scalars():
            for name, item in data.items():
                if isinstance(item, str):
                    yield from _text_faults(Text(), item, f"{path}[{name!r}]")
        case Flag() | Whole():
            pass


def _is_kind(shape: Shape, data: Data) -> bool:
    match shape:
        case Text():
            return isinstance(data, str)
        case Flag():
            return isinstance(data, bool)
        case Whole():
            return type(data) is int and data >= 1
        case Scalars():
            return _is_table(data) and all(isinstance(item, (str, int, float)) for item in data.values())
        case Listed():
            return isinstance(data, (list, tuple))
        case Named() | Fields():
            return _is_table(data)
        case Either(shapes):
            return any(_is_kind(inner, data) for inner in shapes)


def _how(shape: Shape) -> str:
    """How a value of `shape` is written."""
    match shape:
        case Text():
            return shape.rule
        case Flag():
            return "write True or False, without quotes"
        case Whole():
            return "write a number, without quotes"
        case Scalars():
            return "as {'NAME': 'value'}; what is more than a text is text of JSON"
        case Listed(of):
            return f"write a list, each item {of.what}"
        case Named(of):
            return f"as {{'name': ...}}, each {of.what}"
        case Either(shapes):
            return _how(shapes[0])
        case Fields():
            return f"write a dict, which may have {', '.join(shape.keys)}"


def _is_table(data: Data) -> bool:
    return isinstance(data, Mapping) and all(isinstance(key, str) for key in data)


def _text_faults(shape: Text, text: str, path: str) -> Iterator[Fault]:
    if not text:
        yield Fault(path, "is empty", "write what it shall be, or leave the key out")
    elif any((ord(character) < 32 and character not in "\n\t") or 0x7F <= ord(character) < 0xA0 for character in text):
        yield Fault(
            path, f"is {text!r}, which has a character that YAML does not keep", "leave it out, or let a file of the repository hold it"
        )
    elif not shape.expression and "${{" in text:
        yield Fault(path, f"has an expression: {text!r}", "put it into `env`, and read the variable: a shell would run what is in it")
    elif text.count("${{") > text.count("}}"):
        yield Fault(path, f"has an expression that does not end: {text!r}", "each `${{` ends with `}}`")
    elif shape.pattern and not re.fullmatch(shape.pattern, text):
        yield Fault(path, f"is {text!r}, expected {shape.what}", shape.rule)


def _field_faults(shape: Fields, data: Mapping[str, Data], path: str) -> Iterator[Fault]:
    for key, value in data.items():
        inner = f"{path}[{key!r}]"
        if key in shape.keys:
            yield from faults(shape.keys[key], value, inner)
        elif key in shape.owned:
            yield Fault(inner, "is not for you to set", shape.owned[key])
        else:
            near = get_close_matches(key, shape.keys, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(shape.keys)}"
            yield Fault(inner, f"is unknown: {shape.what} has no such key", hint)
    for key in shape.required:
        if key not in data:
            yield Fault(path, f"lacks {key!r}", f"add it: {{{key!r}: ...}}, {shape.keys[key].what}")


# --- GitHub's objects ---

_CREDENTIALS: Final = Fields("credentials", {"username": Text(), "password": Text()}, ("username", "password"))
# https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idcontainer
_CONTAINER: Final[dict[str, Shape]] = {
    "image": Text(),
    "credentials": _CREDENTIALS,
    "env": Scalars(),
    "ports": Listed(Either((Text(), Whole()), "a port, as 5432 or '5432:5432'")),
    "volumes": Listed(Text()),
    "options": Text(),
}
CONTAINER: Final = Either((Text(), Fields("a container", _CONTAINER, ("image",))), "an image, or an object with one")
SERVICES: Final = Named(Fields("a service", _CONTAINER, ("image",)))
# https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idruns-on
RUNS_ON: Final = Either(
    (
        Text(),
        Listed(Text()),
        Fields("a group of runners", {"group": Text(), "labels": Either((Text(), Listed(Text())), "a label or a list")}),
    ),
    "a label, a list of labels, or a group",
)
# https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idenvironment
ENVIRONMENT: Final = Either((Text(), Fields("an environment", {"name": Text(), "url": Text()}, ("name",))), "a name, or an object with one")
# https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#concurrency
CONCURRENCY: Final = Either(
    (Text(), Fields("concurrency", {"group": Text(), "cancel-in-progress": Either((Flag(), Text()), "true or false")}, ("group",))),
    "a group, or an object with one",
)
PERMISSIONS: Final = Fields(
    "permissions", {area: Text("'read' or 'write'", "read|write", rule="what is not named is not granted") for area in sorted(AREAS)}
)
# https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#defaultsrun
DEFAULTS: Final = Fields("defaults", {"run": Fields("defaults of run", {"shell": Text(), "working-directory": Text()})})
# https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idsteps
STEP: Final = Fields(
    "a job step",
    {
        "id": Text("an id", "[A-Za-z_][A-Za-z0-9_-]*", rule="ASCII letters, digits, '_' and '-', no leading digit"),
        "if": Text(),
        "name": Text(),
        "uses": Text(expression=False),
        "with": Scalars(),
        "run": Text(expression=False),
        "shell": Text(expression=False),
        "working-directory": Text(),
        "env": Scalars(),
        "timeout-minutes": Whole(),
        "continue-on-error": Flag(),
    },
)
