"""JSON Schemas as tests use them: nothing is fetched (the registry is empty), and closed ones find a key that no schema names."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import jsonschema
import referencing

from orch import schemas


@functools.cache
def validator(name: str, *, closed: bool = False) -> jsonschema.Draft202012Validator:
    """`closed`: as strict about unknown keys as what writes the documents has to be."""
    schema = schemas.schema(name)
    return jsonschema.Draft202012Validator(_closed(schema) if closed else schema, registry=referencing.Registry())


def problems(name: str, document: Any, *, closed: bool = False) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator(name, closed=closed).iter_errors(document)]


def _closed(part: Any) -> Any:
    if isinstance(part, list):
        return [_closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    inner = {name: _closed(item) for name, item in part.items()}
    return inner | {"additionalProperties": False} if "properties" in part and "additionalProperties" not in part else inner


def objects(part: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema in a schema that says which keys an object has, with its place."""
    if isinstance(part, dict):
        if "properties" in part and isinstance(part["properties"], dict) and part.get("type") == "object":
            yield path, part
        for name, inner in part.items():
            yield from objects(inner, f"{path}/{name}")
    elif isinstance(part, list):
        for position, inner in enumerate(part):
            yield from objects(inner, f"{path}/{position}")
