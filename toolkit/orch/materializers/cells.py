"""Single values inside frames (a cell of objects, a name, what is in `attrs`) as JSON data: plain ones, numpy's and pandas'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orch.errors import MaterializationError
from orch.materializers import pandas_scalars, scalars
from orch.materializers.classes import type_name
from orch.model import canonical, values

if TYPE_CHECKING:
    from orch.model.canonical import Json


def encode(value: object, holder: str, hint: str) -> Json:
    """Raises MaterializationError with `holder`, as "the name of the series", where it is no data."""
    try:
        return values.encode(value, _leaf)
    except values.NotPlain as error:
        raise MaterializationError(f"{holder} holds what is not data: a {type_name(error.value)}", hint=hint) from error
    except RecursionError as error:
        raise MaterializationError(f"{holder} holds what is nested without end", hint=hint) from error


def decode(data: Json) -> object:
    return values.decode(data, _decode_leaf)


def text(value: object) -> str:
    """Canonical JSON; raises NotPlain or RecursionError."""
    return canonical.dumps(values.encode(value, _leaf))


def from_text(text: str) -> object:
    return decode(canonical.loads(text))


def _leaf(value: object, path: str) -> Json:
    if scalars.takes(value):
        return scalars.encode(value)
    if pandas_scalars.takes(value):
        return pandas_scalars.encode(value)
    raise values.NotPlain(value, path)


def _decode_leaf(data: Json, path: str) -> object:
    match data:
        case {"$numpy": content}:
            return scalars.decode(content)
        case {"$pandas": content}:
            return pandas_scalars.decode(content)
        case _:
            raise ValueError(f"{path}: unknown tag {next(iter(data))!r}")
