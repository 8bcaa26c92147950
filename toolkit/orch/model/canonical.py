"""Canonical JSON: the same value gives the same bytes on every machine and day.

UTF-8, keys sorted by their code points, no NaN or infinity, shortest floats (Python's `repr`), no insignificant spaces;
`pretty` keeps all of that, with two spaces of indentation and a final newline, for the files that people review. Half a
surrogate pair has no UTF-8, so it is refused both ways.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, TypeAlias

# A recursive alias would be exact, but pydantic-free code below has to stay readable: `Any` stands for a JSON value.
Json: TypeAlias = Any

_compact = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False, separators=(",", ":"), check_circular=False)
_pretty = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False, indent=2)


def dumps(value: Json) -> str:
    """Raises ValueError for what has no canonical form."""
    return _encodable(_compact.encode(value))


def object_of(members: Mapping[str, str]) -> str:
    """The text of an object whose values are given as texts that `dumps` made."""
    pieces: list[str] = []
    for name in sorted(members):
        pieces += (",", dumps(name), ":", members[name])
    return "".join(("{", *pieces[1:], "}"))  # in one go: the texts may be long


def list_of(items: Iterable[str]) -> str:
    """The text of a list whose items are given as texts that `dumps` made."""
    return f"[{','.join(items)}]"


def pretty(value: Json) -> str:
    return _encodable(_pretty.encode(value)) + "\n"


def loads(text: str | bytes, *, unique: bool = False) -> Json:
    """Raises ValueError, also where lists are nested deeper than Python can follow, and with `unique` where a key stands twice."""
    try:
        text = _encodable(text) if isinstance(text, str) else text.decode()
        value = (_unique if unique else _decoder).decode(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if "\\ud" in text or "\\uD" in text:  # what is written as half a pair
        _encodable(_compact.encode(value))
    return value


def _encodable(text: str) -> str:
    if not text.isascii():
        text.encode()  # a UnicodeEncodeError is a ValueError
    return text


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice in one object")
    return found


def _finite(text: str) -> float:
    value = float(text)
    if value - value:  # 1e999 is infinity to Python
        raise ValueError(f"{text} is larger than any number of JSON that can be kept")
    return value


_decoder = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse)
_unique = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse, object_pairs_hook=_object)
