"""Plain Python values as JSON data and back, exactly.

JSON has fewer types than Python, so what it lacks is tagged: `{"$tuple": [...]}`. A value that is neither plain JSON
nor listed here is not plain, and `encode` hands it to `leaf` (a materializer) or refuses it: nothing changes its type
on the way. Types are matched exactly: `numpy.float64` is a `float` by inheritance, but it is not plain. A set or a
dict whose members or keys are not plain is handed over as a whole. Every place in a value has one path, its own.
"""

from __future__ import annotations

import base64
import datetime
import decimal
import math
import uuid
from collections.abc import Callable
from typing import Final

from orch.model import canonical
from orch.model.canonical import Json


class NotPlain(Exception):
    """The value at `path` (as `$.a[0]`) has no exact form in JSON."""

    def __init__(self, value: object, path: str) -> None:
        super().__init__(path)
        self.value = value
        self.path = path


Leaf = Callable[[object, str], Json]


def _refuse(value: object, path: str) -> Json:
    raise NotPlain(value, path)


_ATOMS: Final = frozenset({type(None), bool})
# Python refuses decimal texts of very long integers (4300 digits, at the least 640): beyond this they are hexadecimal.
_DECIMAL_BITS: Final = 2000
_TEXTS: Final[dict[type, tuple[str, Callable[..., str]]]] = {
    datetime.datetime: ("$datetime", datetime.datetime.isoformat),
    datetime.date: ("$date", datetime.date.isoformat),
    datetime.time: ("$time", datetime.time.isoformat),
    decimal.Decimal: ("$decimal", str),
    uuid.UUID: ("$uuid", str),
}


def encode(value: object, leaf: Leaf = _refuse, path: str = "$") -> Json:
    """`value` as JSON data; `leaf(value, path)` encodes what is not plain."""
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is int:
        return value if _is_short(value) else {"$int": hex(value)}  # type: ignore[arg-type]
    if kind is str:
        return _encode_text(value)  # type: ignore[arg-type]
    if kind is float:
        return value if math.isfinite(value) else {"$float": repr(value)}  # type: ignore[arg-type]
    if kind is list:
        return [encode(item, leaf, f"{path}[{i}]") for i, item in enumerate(value)]  # type: ignore[arg-type, var-annotated]
    if kind is dict:
        return _encode_dict(value, leaf, path)  # type: ignore[arg-type]
    if kind is tuple:
        return {"$tuple": [encode(item, leaf, f"{path}[{i}]") for i, item in enumerate(value)]}  # type: ignore[arg-type, var-annotated]
    if kind is bytes:
        return {"$bytes": base64.b64encode(value).decode()}  # type: ignore[arg-type]
    if kind in (set, frozenset):
        try:
            items: list[Json] = [encode(item, _refuse, f"{path}{{}}") for item in value]  # type: ignore[attr-defined]
        except NotPlain:
            if leaf is _refuse:
                raise
            return leaf(value, path)
        # Order by the encoded text: sets have none of their own, and the bytes must not depend on the hash seed.
        return {f"${kind.__name__}": sorted(items, key=canonical.dumps)}
    if kind in _TEXTS and not _loses_clock(value):
        tag, text = _TEXTS[kind]
        return {tag: text(value)}
    return leaf(value, path)


def _encode_text(value: str) -> Json:
    try:
        value.encode()
    except UnicodeEncodeError:  # a lone surrogate, as `os.fsdecode` makes them
        return {"$surrogates": base64.b64encode(value.encode("utf-8", "surrogatepass")).decode()}
    return value


def _encode_dict(value: dict[object, object], leaf: Leaf, path: str) -> Json:
    if all(type(key) is str and not key.startswith("$") for key in value) and _keys_are_text(value):
        # Canonical JSON sorts keys, and a dict's order is part of what its reader sees.
        names = list(value)
        data = {key: encode(item, leaf, child(path, key)) for key, item in value.items()}
        return data if names == sorted(names, key=str) else {"$ordered": [[key, data[key]] for key in names]}
    try:
        keys = [encode(key, _refuse, f"{child(path, key, i)} as a key") for i, key in enumerate(value)]
    except NotPlain:
        if leaf is _refuse:
            raise
        return leaf(value, path)
    items = [encode(item, leaf, child(path, key, i)) for i, (key, item) in enumerate(value.items())]
    return {"$dict": [list(pair) for pair in zip(keys, items, strict=True)]}


def child(path: str, key: object, position: int = 0) -> str:
    """The path of a dict's item: no two places share one, whatever the keys are."""
    if type(key) is str:
        return f"{path}.{key}" if key.isidentifier() else f"{path}[{key!r}]"
    return f"{path}[{key}]" if type(key) is int and _is_short(key) else f"{path}[key {position}]"


def _is_short(number: int) -> bool:
    return number.bit_length() <= _DECIMAL_BITS


def _keys_are_text(value: dict[object, object]) -> bool:
    return all(type(_encode_text(key)) is str for key in value)  # type: ignore[arg-type]


def _loses_clock(value: object) -> bool:
    """What `isoformat` leaves out: `fold`, and all of a zone but its offset (UTC and unnamed fixed offsets survive)."""
    if getattr(value, "fold", 0):
        return True
    zone = getattr(value, "tzinfo", None)
    if zone is None or zone is datetime.UTC:
        return False
    return type(zone) is not datetime.timezone or zone.tzname(None) != datetime.timezone(zone.utcoffset(None)).tzname(None)


def decode(data: Json, leaf: Callable[[Json, str], object] | None = None, path: str = "$") -> object:
    """The value of `encode`'s data; tags that are not of this module go to `leaf(data, path)`."""
    if type(data) is list:
        return [decode(item, leaf, f"{path}[{i}]") for i, item in enumerate(data)]
    if type(data) is not dict:
        return data
    if len(data) == 1:
        ((tag, content),) = data.items()
        if tag.startswith("$"):
            return _decode_tag(tag, content, data, leaf, path)
    return {key: decode(item, leaf, child(path, key)) for key, item in data.items()}


def _decode_tag(tag: str, content: Json, data: Json, leaf: Callable[[Json, str], object] | None, path: str) -> object:
    match tag:
        case "$tuple":
            return tuple(decode(item, leaf, f"{path}[{i}]") for i, item in enumerate(content))
        case "$ordered":
            return {key: decode(item, leaf, child(path, key)) for key, item in content}
        case "$dict":
            pairs = ((decode(key), item) for key, item in content)
            return {key: decode(item, leaf, child(path, key, i)) for i, (key, item) in enumerate(pairs)}
        case "$int":
            return int(content, 16)
        case "$set":
            return {decode(item) for item in content}
        case "$frozenset":
            return frozenset(decode(item) for item in content)
        case "$bytes":
            return base64.b64decode(content)
        case "$float":
            return float(content)
        case "$surrogates":
            return base64.b64decode(content).decode("utf-8", "surrogatepass")
        case "$datetime":
            return datetime.datetime.fromisoformat(content)
        case "$date":
            return datetime.date.fromisoformat(content)
        case "$time":
            return datetime.time.fromisoformat(content)
        case "$decimal":
            return decimal.Decimal(content)
        case "$uuid":
            return uuid.UUID(content)
        case _ if leaf is None:
            raise ValueError(f"{path}: unknown tag {tag!r}")
        case _:
            return leaf(data, path)
