"""Plain values, containers and instances that are data: one JSON document, whose other leaves are references to further objects.

The document is content only. Which class an instance is of, and what a leaf needs besides its bytes (a file's name), is
in the artifact's `meta`, by the place in the document: `{"classes": {"$.model": "app:Model"}, "leaves": {"$.plot": {...}}}`.
`pickles` are the places whose leaf is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from orch.errors import MaterializationError
from orch.materializers import instances, object_arrays, pandas_scalars, pickles, registered, scalars
from orch.materializers.classes import type_name
from orch.model import canonical, values
from orch.model.artifacts import Artifact

if TYPE_CHECKING:
    from orch.model.canonical import Json
    from orch.stores.local import LocalStore

NAME: Final = "json"
_MEMBERS: Final = "$members"
_SETS: Final[dict[str, type]] = {"set": set, "frozenset": frozenset}

SaveLeaf = Callable[[object], Artifact]


def holds(value: object) -> bool:
    """Whether `value` is the document itself, and not a leaf of one."""
    if values.is_plain(type(value)):
        return True
    if registered.of(value):
        return False
    return scalars.takes(value) or pandas_scalars.takes(value) or instances.takes(value) or object_arrays.takes(value)


def save(value: object, store: LocalStore, save_leaf: SaveLeaf) -> Artifact:
    encoder = _Encoder(save_leaf)
    text = canonical.dumps(values.encode(value, encoder.encode)).encode()
    digest = store.put(text)
    objects = tuple(sorted(encoder.objects - {digest}))
    return Artifact(
        digest=digest,
        size=len(text) + sum(map(store.size, objects)),
        materializer=NAME,
        type=type_name(value),
        objects=objects,
        meta=encoder.meta(),
        comparable=encoder.comparable,
    )


class _Part(NamedTuple):
    """One member of a set, encoded as if it were alone: its place is known when all are."""

    data: Json
    encoder: _Encoder

    def order(self) -> str:
        """Content first; a class is no content, but two sets must not differ by which of two equal texts came first."""
        return canonical.dumps([self.data, self.encoder.classes, self.encoder.leaves])


class _Encoder:
    """Encodes what is not plain, and gathers what the artifact has to say about it."""

    def __init__(self, save_leaf: SaveLeaf) -> None:
        self.objects: set[str] = set()
        self.comparable = True
        self.classes: dict[str, Json] = {}
        self.leaves: dict[str, Json] = {}
        self.pickles: list[str] = []
        self._save_leaf = save_leaf

    def meta(self) -> Json:
        gathered = {"classes": self.classes, "leaves": self.leaves, "pickles": sorted(self.pickles)}
        return {name: content for name, content in gathered.items() if content} or None

    def encode(self, value: object, path: str) -> Json:
        if registered.of(value) is None:
            if type(value) in (set, frozenset):
                return self._set(value, path)  # type: ignore[arg-type]
            if scalars.takes(value):
                return scalars.encode(value)
            if pandas_scalars.takes(value):
                return pandas_scalars.encode(value)
            if object_arrays.takes(value) and (data := self._objects(value, path)) is not None:
                return data
            if instances.takes(value):
                return self._instance(value, path)
        return self._leaf(value, path)

    def _instance(self, value: object, path: str) -> Json:
        kind = instances.kind_of(value)
        assert kind is not None  # `takes`
        self.classes[path] = instances.reference(value)
        return {kind.TAG: values.encode(kind.parts(value), self.encode, path)}

    def _set(self, value: set[object] | frozenset[object], path: str) -> Json:
        parts = []
        for item in value:
            encoder = _Encoder(self._save_leaf)
            parts.append(_Part(values.encode(item, encoder.encode), encoder))
        parts.sort(key=_Part.order)
        for i, part in enumerate(parts):
            self._adopt(part.encoder, f"{path}{{{i}}}")
        return {_MEMBERS: [type(value).__name__, [part.data for part in parts]]}

    def _objects(self, array: object, path: str) -> Json:
        """None where an item is no data: such an array is pickled as one, not as thousands."""
        encoder = _Encoder(_no_leaf)
        try:
            data = object_arrays.encode(array, encoder.encode)
        except values.NotPlain:
            return None
        self._adopt(encoder, path)
        return data

    def _adopt(self, other: _Encoder, path: str) -> None:
        """What another encoder gathered, whose `$` is `path` here."""
        self.objects |= other.objects
        self.comparable &= other.comparable
        self.classes |= {f"{path}{place[1:]}": content for place, content in other.classes.items()}
        self.leaves |= {f"{path}{place[1:]}": content for place, content in other.leaves.items()}
        self.pickles += [f"{path}{place[1:]}" for place in other.pickles]

    def _leaf(self, value: object, path: str) -> Json:
        with _at(path):
            leaf = self._save_leaf(value)
        self.objects.update(leaf.digests)
        self.comparable &= leaf.comparable
        if leaf.meta is not None:
            self.leaves[path] = leaf.meta
        if leaf.materializer == pickles.NAME:
            self.pickles.append(path)
        return {"$artifact": {"digest": leaf.digest, "materializer": leaf.materializer}}


def _no_leaf(value: object) -> Artifact:
    raise values.NotPlain(value, "$")


def members(artifact: Artifact, store: LocalStore) -> list[Json]:
    """The items of a list or tuple as the document has them."""
    data = canonical.loads(store.get(artifact.digest))
    found: list[Json] = data["$tuple"] if isinstance(data, dict) else data
    return found


def load(
    artifact: Artifact, store: LocalStore, load_leaf: Callable[[Artifact], object], project: Path | None, *, item: int | None = None
) -> object:
    """`project` is where classes may be found that the step itself does not import. With `item`, that one of the list alone is loaded."""
    meta: dict[str, Any] = artifact.meta or {}
    named: dict[str, Json] = meta.get("classes", {})
    leaves: dict[str, Json] = meta.get("leaves", {})

    def decode(data: Json, path: str) -> object:
        match data:
            case {"$numpy": content}:
                return scalars.decode(content)
            case {"$pandas": content}:
                return pandas_scalars.decode(content)
            case {"$objects": content}:
                return object_arrays.decode(content, decode, path)
            case {"$members": [kind, items]}:
                return _SETS[kind](values.decode(item, decode, f"{path}{{{i}}}") for i, item in enumerate(items))
            case {"$artifact": {"digest": digest, "materializer": materializer}}:
                with _at(path):
                    return load_leaf(Artifact(digest, 0, materializer, meta=leaves.get(path)))
            case _:
                return instance(data, path)

    def instance(data: Json, path: str) -> object:
        tag, content = next(iter(data.items()))
        with _at(path):
            kind = instances.KINDS.get(tag)
            if kind is None:
                raise MaterializationError(f"the document has a tag that this version does not know: {tag!r}")
            if path not in named:
                raise MaterializationError("the record does not say of which class the value is", hint="the artifact is damaged or forged")
            cls = instances.find(named[path], project)
        parts = values.decode(content, decode, path)
        with _at(path):
            return kind.restore(cls, parts)

    if item is not None:
        return values.decode(_last.members(artifact, store)[item], decode, f"$[{item}]")
    return values.decode(canonical.loads(store.get(artifact.digest)), decode)


class Last:
    """The list whose items were asked for last: one process often has to do with many legs of one step."""

    def __init__(self) -> None:
        self._of: tuple[Path, str] | None = None
        self._members: list[Json] = []
        self._artifact: Artifact | None = None
        self._metas: dict[int, dict[str, dict[str, Json]]] = {}

    def members(self, artifact: Artifact, store: LocalStore) -> list[Json]:
        if self._of != (store.root, artifact.digest):
            self._of, self._members = (store.root, artifact.digest), members(artifact, store)
        return self._members

    def meta(self, artifact: Artifact, index: int) -> Json:
        """What the artifact says of one item, by its place in the list."""
        if self._artifact is not artifact:
            self._artifact, self._metas = artifact, _by_member(artifact)
        return self._metas.get(index)

    def narrow(self, artifact: Artifact, index: int) -> Artifact:
        """As much of `artifact` as it takes to load one item: all of it, for each item, would be work by the square of their number."""
        return replace(artifact, objects=(), meta=self.meta(artifact, index), preview="") if artifact.materializer == NAME else artifact


def _by_member(artifact: Artifact) -> dict[int, dict[str, dict[str, Json]]]:
    found: dict[int, dict[str, dict[str, Json]]] = {}
    for name, content in (artifact.meta or {}).items():
        for place, each in content.items() if isinstance(content, dict) else ():
            index = place.partition("[")[2].partition("]")[0]  # `$[3].model`
            if index.isdecimal():
                found.setdefault(int(index), {}).setdefault(name, {})[place] = each
    return found


def as_alone(meta: Json, index: int) -> Json:
    """What `Last.meta` says of an item, as if this were a value of its own."""
    place = len(f"$[{index}]")
    return meta and {name: {f"${key[place:]}": each for key, each in content.items()} for name, content in meta.items()}


_last: Final = Last()


@contextmanager
def _at(path: str) -> Iterator[None]:
    """The place in the value, in front of what is wrong there; what a user's own code raised stays its cause."""
    try:
        yield
    except MaterializationError as error:
        raise MaterializationError(f"at {path}: {error.message}", hint=error.hint, where=error.where) from (error.__cause__ or error)
