"""Plain values, containers and dataclasses: one JSON document, whose other leaves are references to further objects.

The document is content only. Which class a dataclass is of, and what a leaf needs besides its bytes (a file's name), is
in the artifact's `meta`, by the place in the document: `{"classes": {"$.model": "app:Model"}, "leaves": {"$.plot": {...}}}`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from orch.errors import MaterializationError
from orch.materializers import fields, scalars
from orch.materializers.classes import reference, type_name
from orch.materializers.previews import preview
from orch.model import canonical, values
from orch.model.artifacts import Artifact

if TYPE_CHECKING:
    from collections.abc import Callable

    from orch.model.canonical import Json
    from orch.stores.local import LocalStore

NAME: Final = "json"
_PLAIN: Final = frozenset({type(None), bool, int, float, str, bytes, list, tuple, dict, set, frozenset})
_TEXTS: Final = frozenset({"datetime.datetime", "datetime.date", "datetime.time", "decimal.Decimal", "uuid.UUID"})


def holds(value: object) -> bool:
    """Whether `value` is the document itself, and not a leaf of one."""
    return type(value) in _PLAIN or type_name(value) in _TEXTS or scalars.takes(value) or fields.takes(value)


def save(value: object, store: LocalStore, save_leaf: Callable[[object, LocalStore], Artifact]) -> Artifact:
    leaves = _Leaves(store, save_leaf)
    text = canonical.dumps(values.encode(value, leaves.encode)).encode()
    digest = store.put(text)
    objects = tuple(sorted(leaves.objects - {digest}))
    return Artifact(
        digest=digest,
        size=len(text) + sum(map(store.size, objects)),
        materializer=NAME,
        type=type_name(value),
        objects=objects,
        meta=leaves.meta or None,
        preview=preview(value),
        comparable=leaves.comparable,
    )


class _Leaves:
    """Encodes what is not plain, and gathers what the artifact has to say about it."""

    def __init__(self, store: LocalStore, save_leaf: Callable[[object, LocalStore], Artifact]) -> None:
        self.objects: set[str] = set()
        self.meta: dict[str, dict[str, Json]] = {}
        self.comparable = True
        self._store = store
        self._save_leaf = save_leaf

    def encode(self, value: object, path: str) -> Json:
        if scalars.takes(value):
            return scalars.encode(value)
        if fields.takes(value):
            self.meta.setdefault("classes", {})[path] = reference(type(value))
            # By name, so that this order is the one in which the sorted keys are read back.
            names = sorted(field.name for field in dataclasses.fields(value))  # type: ignore[arg-type]
            return {"$dataclass": {name: values.encode(getattr(value, name), self.encode, f"{path}.{name}") for name in names}}
        try:
            leaf = self._save_leaf(value, self._store)
        except MaterializationError as error:
            raise MaterializationError(f"at {path}: {error.message}", hint=error.hint, where=error.where) from error
        self.objects.update(leaf.digests)
        self.comparable &= leaf.comparable
        if leaf.meta is not None:
            self.meta.setdefault("leaves", {})[path] = leaf.meta
        return {"$artifact": {"digest": leaf.digest, "materializer": leaf.materializer}}


def load(artifact: Artifact, store: LocalStore, load_leaf: Callable[[Artifact], object]) -> object:
    meta: dict[str, Any] = artifact.meta or {}
    classes: dict[str, str] = meta.get("classes", {})
    leaves: dict[str, Json] = meta.get("leaves", {})

    def decode(data: Json, path: str) -> object:
        match data:
            case {"$numpy": content}:
                return scalars.decode(content)
            case {"$dataclass": content}:
                names = {name: values.decode(item, decode, f"{path}.{name}") for name, item in content.items()}
                return fields.restore(classes[path], names)
            case {"$artifact": {"digest": digest, "materializer": materializer}}:
                return load_leaf(Artifact(digest, 0, materializer, meta=leaves.get(path)))
            case _:
                raise MaterializationError(f"at {path}: the document has a tag that this version does not know: {next(iter(data))!r}")

    return values.decode(canonical.loads(store.get(artifact.digest)), decode)
