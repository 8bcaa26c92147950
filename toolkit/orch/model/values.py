"""Plain Python values as JSON data and back, exactly.

JSON has fewer types than Python, so what it lacks is tagged: `{"$tuple": [...]}`. A value that is neither plain JSON
nor of `atoms` or listed here is not plain, and `encode` hands it to `leaf` (a materializer) or refuses it: nothing changes
its type on the way. Types are matched exactly: `numpy.float64` is a `float` by inheritance, but it is not plain. A set whose members
are not all plain is handed over as a whole. Every place in a value has one path, its own. That two
places hold one and the same list is not kept: they hold two equal ones afterwards.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from orch.model import atoms, canonical
from orch.model.atoms import is_short
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
_BUILT_IN: Final = _ATOMS | {int, str, float, list, dict, tuple, set, frozenset, slice}
# By name, as in `atoms`: not every process has imported `collections`.
_COLLECTIONS: Final = {name: f"${name.lower()}" for name in ("OrderedDict", "Counter", "defaultdict", "deque")}
# What a defaultdict may make its values with, here: any other function is code.
_FACTORIES: Final[dict[str, type]] = {
    kind.__name__: kind for kind in (bool, bytes, bytearray, complex, dict, float, frozenset, int, list, set, str, tuple)
}


def encode(value: object, leaf: Leaf = _refuse, path: str = "$") -> Json:
    """`value` as JSON data; `leaf(value, path)` encodes what is not plain."""
    kind: Any = type(value)
    content: Any = value
    if kind in _ATOMS:
        return value
    if kind is int:
        return atoms.integer(content)
    if kind is str:
        return atoms.text(content)
    if kind is float:
        return value if math.isfinite(content) else {"$float": repr(value)}
    if kind is list:
        return _encode_items(content, leaf, path)
    if kind is dict:
        return _encode_dict(content, leaf, path)
    if kind is tuple:
        return {"$tuple": _encode_items(content, leaf, path)}
    if kind in (set, frozenset):
        return _encode_set(content, leaf, path)
    if kind is slice:
        return {"$slice": _encode_items((content.start, content.stop, content.step), leaf, path)}
    if tag := atoms.tag_of(kind):
        if (held := atoms.content(tag, value)) is not None:
            return {tag: held}
    elif tag := _collection_tag(kind):
        return _encode_collection(tag, content, leaf, path)
    return leaf(value, path)


def is_plain(kind: type) -> bool:
    """Whether values of `kind` itself are encoded here, as far as their parts are."""
    return kind in _BUILT_IN or bool(atoms.tag_of(kind) or _collection_tag(kind))


def _collection_tag(kind: type) -> str | None:
    tag = _COLLECTIONS.get(kind.__qualname__) if kind.__module__ == "collections" else None
    return tag if tag and getattr(sys.modules["collections"], kind.__qualname__, None) is kind else None


def _encode_items(items: Iterable[object], leaf: Leaf, path: str) -> Json:
    return [encode(item, leaf, f"{path}[{i}]") for i, item in enumerate(items)]


def _encode_set(value: set[object] | frozenset[object], leaf: Leaf, path: str) -> Json:
    try:
        items: list[Json] = [encode(item, _refuse, f"{path}{{}}") for item in value]
    except NotPlain:
        if leaf is _refuse:
            raise
        return leaf(value, path)
    # Order by the encoded text: sets have none of their own, and the bytes must not depend on the hash seed.
    return {f"${type(value).__name__}": sorted(items, key=canonical.dumps)}


def _encode_dict(value: dict[object, object], leaf: Leaf, path: str) -> Json:
    if all(type(key) is str and not key.startswith("$") for key in value) and _keys_are_text(value):
        # Canonical JSON sorts keys, and a dict's order is part of what its reader sees.
        names = list(value)
        data = {key: encode(item, leaf, child(path, key)) for key, item in value.items()}
        return data if names == sorted(names, key=str) else {"$ordered": [[key, data[key]] for key in names]}
    return {"$dict": _encode_pairs(value, leaf, path)}


def _encode_pairs(value: dict[object, object], leaf: Leaf, path: str) -> Json:
    return [
        [encode(key, leaf, _key_place(path, i)), encode(item, leaf, child(path, key, i))] for i, (key, item) in enumerate(value.items())
    ]


def _key_place(path: str, position: int) -> str:
    return f"{path}[key {position}] as a key"


def _encode_collection(tag: str, value: Any, leaf: Leaf, path: str) -> Json:
    if getattr(value, "__dict__", None):
        return leaf(value, path)  # an OrderedDict takes attributes
    if tag == "$deque":
        return {tag: [_encode_items(value, leaf, path), value.maxlen]}
    factory: list[Json] = []
    if tag == "$defaultdict":
        made_by = value.default_factory
        if made_by is not None and _FACTORIES.get(getattr(made_by, "__name__", "")) is not made_by:
            return leaf(value, path)
        factory = [made_by and made_by.__name__]
    return {tag: [_encode_pairs(value, leaf, path), *factory]}


def child(path: str, key: object, position: int = 0) -> str:
    """The path of a dict's item: no two places share one, whatever the keys are."""
    if type(key) is str:
        return f"{path}.{key}" if key.isidentifier() else f"{path}[{key!r}]"
    return f"{path}[{key}]" if type(key) is int and is_short(key) else f"{path}[key {position}]"


def _keys_are_text(value: dict[object, object]) -> bool:
    return all(type(atoms.text(key)) is str for key in value)  # type: ignore[arg-type]


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
    if tag in atoms.TAGS:
        return atoms.restore(tag, content)
    match tag:
        case "$tuple":
            return tuple(decode(item, leaf, f"{path}[{i}]") for i, item in enumerate(content))
        case "$ordered":
            return {key: decode(item, leaf, child(path, key)) for key, item in content}
        case "$dict":
            return dict(_decode_pairs(content, leaf, path))
        case "$set":
            return {decode(item) for item in content}
        case "$frozenset":
            return frozenset(decode(item) for item in content)
        case "$slice":
            return slice(*(decode(item, leaf, f"{path}[{i}]") for i, item in enumerate(content)))
        case "$ordereddict" | "$counter" | "$defaultdict" | "$deque":
            return _decode_collection(tag, content, leaf, path)
        case _ if leaf is None:
            raise ValueError(f"{path}: unknown tag {tag!r}")
        case _:
            return leaf(data, path)


def _decode_pairs(content: Json, leaf: Callable[[Json, str], object] | None, path: str) -> list[tuple[Any, object]]:
    pairs = ((decode(key, leaf, _key_place(path, i)), item) for i, (key, item) in enumerate(content))
    return [(key, decode(item, leaf, child(path, key, i))) for i, (key, item) in enumerate(pairs)]


def _decode_collection(tag: str, content: Json, leaf: Callable[[Json, str], object] | None, path: str) -> object:
    import collections

    if tag == "$deque":
        items, maxlen = content
        return collections.deque(decode(items, leaf, path), maxlen)  # type: ignore[call-overload]
    pairs = dict(_decode_pairs(content[0], leaf, path))
    if tag == "$defaultdict":
        factory = content[1]
        return collections.defaultdict(factory if factory is None else _FACTORIES[factory], pairs)
    return collections.OrderedDict(pairs) if tag == "$ordereddict" else collections.Counter(pairs)
