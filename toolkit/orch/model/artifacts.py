"""One output of one step, as its record names it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from orch.model.canonical import Json
from orch.model.fields import texts

GATHER: Final = "gather"  # the materializer of lists that legs made: see `orch.model.gathered`


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
    length: int | None = None  # of a list or tuple, so that what maps over it can be told without its bytes
    members: tuple[str, ...] = ()  # of such a list, what a cache key says of each item, as JSON

    @property
    def digests(self) -> Iterator[str]:
        """Of all its objects."""
        if self.materializer != GATHER:
            yield self.digest
        yield from self.objects

    @property
    def items(self) -> tuple[Artifact, ...]:
        """Of a list that legs made, what each of them made."""
        return tuple(map(Artifact.from_json, self.meta["items"])) if self.materializer == GATHER else ()

    @property
    def pickled(self) -> tuple[str, ...]:
        """The places in the value that are kept as pickles, as `$.model`; `$` is all of it."""
        if self.materializer == "pickle":
            return ("$",)
        if self.materializer == GATHER:
            return tuple(f"$[{index}]{place[1:]}" for index, item in enumerate(self.items) for place in item.pickled)
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
        if self.length is not None:
            data["length"] = self.length
        if self.members:
            data["members"] = list(self.members)
        return data

    @classmethod
    def from_json(cls, data: Json) -> Artifact:
        for item in data["meta"]["items"] if data["materializer"] == GATHER else ():
            cls.from_json(item)
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
            _length(data["length"]) if "length" in data else None,
            texts(data.get("members", [])),
        )


def _length(data: Json) -> int:
    if type(data) is not int or data < 0:
        raise TypeError(f"an artifact's length is {data!r}")
    return data
