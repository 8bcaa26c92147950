"""Which documents this version reads: every schema up to its own; of a newer one it says what to install."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from orch.errors import OrchError
from orch.model.canonical import Json

_VERSION: Final = r"[0-9][0-9A-Za-z.+-]{0,40}"  # not compiled before it is used, as most documents are of this schema


def check_schema(data: Json, newest: int, what: str, error: type[OrchError]) -> None:
    """Raises `error` where `data` is no document of a kind that people call `what`, or one of a newer schema."""
    schema = data.get("schema") if isinstance(data, dict) else None
    if type(schema) is not int or schema < 1:
        raise error(f"this is not a {what}: it has no schema number")
    if schema > newest:
        version = max((found for found in _writers(data) if re.fullmatch(_VERSION, found)), default="", key=_order)
        if version:
            hint = f"orch-toolkit {version} wrote it: install that or a later one, as by pip install 'orch-toolkit>={version}'"
        else:
            hint = "install the version of orch-toolkit that wrote it, or a later one: pip install --upgrade orch-toolkit"
        raise error(f"the {what} has schema {schema}, this version reads up to {newest}", hint=hint)


def _writers(data: Json) -> Iterator[str]:
    """The versions that a document says it comes from: records have one for each step, pins one for the repository."""
    steps = data.get("steps")
    for part in [data, *(steps if isinstance(steps, list) else ())]:
        environment = part.get("environment") if isinstance(part, dict) else None
        if isinstance(environment, dict):
            yield str(environment.get("orch", ""))
    yield str(data.get("toolkit", ""))


def _order(version: str) -> tuple[tuple[int, ...], str]:
    return tuple(int(part) for part in re.findall(r"[0-9]+", version)), version
