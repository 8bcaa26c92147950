"""Canonical JSON: the same value gives the same bytes on every machine and day.

UTF-8, sorted keys, no NaN or infinity, shortest floats (Python's `repr`), no insignificant spaces; `pretty` keeps
all of that, with two spaces of indentation and a final newline, for the files that people review.
"""

from __future__ import annotations

import json
from typing import Any, TypeAlias

# A recursive alias would be exact, but pydantic-free code below has to stay readable: `Any` stands for a JSON value.
Json: TypeAlias = Any

_compact = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False, separators=(",", ":"), check_circular=False)
_pretty = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False, indent=2)


def dumps(value: Json) -> str:
    return _compact.encode(value)


def pretty(value: Json) -> str:
    return _pretty.encode(value) + "\n"


def loads(text: str | bytes) -> Json:
    """Raises ValueError, also where lists are nested deeper than Python can follow."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
