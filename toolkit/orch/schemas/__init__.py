"""The JSON Schemas of every document that leaves a process, as they are published: written by hand, and held to the readers by tests.

They are a contract, so they are no echo of the classes: what is generated from code changes when somebody renames a field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_FOLDER: Final = Path(__file__).parent
_PREFIX: Final = "urn:orch:schema:"


def names() -> list[str]:
    return sorted(file.stem for file in _FOLDER.glob("*.json"))


def schema(name: str) -> dict[str, Any]:
    """The schema in one document: the others that it refers to are embedded, each under its own `$id`."""
    found = _read(name)
    embedded: dict[str, Any] = {}
    waiting = [found]
    for document in waiting:
        for other in sorted(set(_referred(document)) - {name, *embedded}):
            embedded[other] = _read(other)
            waiting.append(embedded[other])
    if embedded:
        found["$defs"] = {**found.get("$defs", {}), **dict(sorted(embedded.items()))}
    return found


def _read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_bytes())
    return document


def _referred(part: Any) -> Iterator[str]:
    """The names of the documents that a part of a schema refers to."""
    if isinstance(part, dict):
        target = part.get("$ref")
        if isinstance(target, str) and target.startswith(_PREFIX):
            yield target.removeprefix(_PREFIX).partition(":")[0]
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _referred(inner)
