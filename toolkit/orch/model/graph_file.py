"""The rules of a graph's JSON: its schema number, and that every key in it is known."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from orch.errors import GraphError
from orch.model.canonical import Json

SCHEMA: Final = 1


def check_schema(data: Json) -> None:
    """Raises GraphError where `data` is no graph, or one of a newer schema than this version reads."""
    schema = data.get("schema") if isinstance(data, dict) else None
    if type(schema) is not int or schema < 1:
        raise GraphError("this is not a graph: it has no schema number")
    if schema > SCHEMA:
        hint = "install the version of orch-toolkit that wrote it, or a later one"
        raise GraphError(f"the graph has schema {schema}, this version reads up to {SCHEMA}", hint=hint)


def refuse_unknown_keys(data: Mapping[str, Json], known: AbstractSet[str], what: str) -> None:
    """An unknown key may change what a graph means, so it is a GraphError; `what` says in whose words."""
    if unknown := sorted(set(data) - known):
        raise GraphError(f"{what} has unknown keys: {', '.join(map(repr, unknown))}", hint="compile it again")
