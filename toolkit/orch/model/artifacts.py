"""One output of one step, as its record names it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from orch.model.canonical import Json
from orch.model.fields import texts


@dataclass(frozen=True, slots=True)
class Artifact:
    """`digest` (`sha256:...`) names the root object and covers content only; the rest says how to read it.

    An artifact of one file is one object. One of several (a folder, a dataclass with arrays) has a JSON document as
    its root, and `objects` lists the digests of all others, so that a transport need not understand the document.
    """

    digest: str
    size: int  # bytes of all objects
    materializer: str
    type: str = ""  # the value's type, as `package.module.Name`
    objects: tuple[str, ...] = ()
    meta: Json = None  # what the materializer needs besides the bytes, as the name of a file
    preview: str = ""  # plain text, for people
    comparable: bool = True  # False where equal values may have different bytes (pickles)
    value: Json = None  # a short plain scalar itself, so that a condition can be told without its bytes

    @property
    def digests(self) -> Iterator[str]:
        yield self.digest
        yield from self.objects

    @property
    def pickled(self) -> tuple[str, ...]:
        """The places in the value that are kept as pickles, as `$.model`; `$` is all of it."""
        if self.materializer == "pickle":
            return ("$",)
        places = self.meta.get("pickles") if isinstance(self.meta, dict) else None
        return tuple(map(str, places)) if isinstance(places, list) else ()

    def to_json(self) -> Json:
        data: dict[str, Any] = {"digest": self.digest, "size": self.size, "materializer": self.materializer}
        if self.type:
            data["type"] = self.type
        if self.objects:
            data["objects"] = list(self.objects)
        if self.meta is not None:
            data["meta"] = self.meta
        if self.preview:
            data["preview"] = self.preview
        if not self.comparable:
            data["comparable"] = False
        if self.value is not None:
            data["value"] = self.value
        return data

    @classmethod
    def from_json(cls, data: Json) -> Artifact:
        return cls(
            data["digest"],
            data["size"],
            data["materializer"],
            data.get("type", ""),
            texts(data.get("objects", [])),
            data.get("meta"),
            data.get("preview", ""),
            data.get("comparable", True),
            data.get("value"),
        )
