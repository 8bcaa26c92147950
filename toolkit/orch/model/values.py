"""Plain Python values as JSON data and back, exactly.

JSON has fewer types than Python, so what it lacks is tagged: `{"$tuple": [...]}`. A value that is neither plain JSON
nor listed here is not plain, and `encode` hands it to `leaf` (a materializer) or refuses it: nothing changes its type
on the way. Types are matched exactly: `numpy.float64` is a `float` by inheritance, but it is not plain. A set or a
dict whose members or keys are not plain is handed over as a whole. Every place in a value has one path, its own.
"""

from __future__ import annotations

import binascii
import math
import sys
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
# By where the type is from: a process that has no such value need not import its module, and these are dear to import.
_TEXTS: Final = {
    ("datetime", "datetime"): "$datetime",
    ("datetime", "date"): "$date",
    ("datetime", "time"): "$time",
    ("decimal", "Decimal"): "$decimal",
    ("uuid", "UUID"): "$uuid",
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
        return {"$bytes": _to_base64(value)}  # type: ignore[arg-type]
    if kind in (set, frozenset):
        try:
            items: list[Json] = [encode(item, _refuse, f"{path}{{}}") for item in value]  # type: ignore[attr-defined]
        except NotPlain:
            if leaf is _refuse:
                raise
            return leaf(value, path)
        # Order by the encoded text: sets have none of their own, and the bytes must not depend on the hash seed.
        return {f"${kind.__name__}": sorted(items, key=canonical.dumps)}
    if tag := _text_tag(kind):
        if tag in ("$decimal", "$uuid"):
            return {tag: str(value)}
        if not _loses_clock(value):
            return {tag: value.isoformat()}  # type: ignore[attr-defined]
    return leaf(value, path)


def _text_tag(kind: type) -> str | None:
    tag = _TEXTS.get((kind.__module__, kind.__qualname__))
    return tag if tag and getattr(sys.modules.get(kind.__module__), kind.__qualname__, None) is kind else None


def _to_base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def _encode_text(value: str) -> Json:
    try:
        value.encode()
    except UnicodeEncodeError:  # a lone surrogate, as `os.fsdecode` makes them
        return {"$surrogates": _to_base64(value.encode("utf-8", "surrogatepass"))}
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
    if zone is None:
        return False
    import datetime as dt

    if zone is dt.UTC:
        return False
    return type(zone) is not dt.timezone or zone.tzname(None) != dt.timezone(zone.utcoffset(None)).tzname(None)


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
            return binascii.a2b_base64(content)
        case "$float":
            return float(content)
        case "$surrogates":
            return binascii.a2b_base64(content).decode("utf-8", "surrogatepass")
        case "$datetime" | "$date" | "$time" | "$decimal" | "$uuid":
            return _decode_text(tag, content)
        case _ if leaf is None:
            raise ValueError(f"{path}: unknown tag {tag!r}")
        case _:
            return leaf(data, path)


def _decode_text(tag: str, text: str) -> object:
    if tag == "$decimal":
        import decimal

        return decimal.Decimal(text)
    if tag == "$uuid":
        import uuid

        return uuid.UUID(text)
    import datetime as dt

    if tag == "$time":
        return dt.time.fromisoformat(text)
    return (dt.date if tag == "$date" else dt.datetime).fromisoformat(text)
