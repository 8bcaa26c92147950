"""Results that can be used again: by cache key, and the newest one of each step, to tell what changed since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from orch.errors import RecordError
from orch.model import canonical
from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.fields import checked, flags
from orch.model.schema import check_schema

SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """An artifact of GitHub's that holds outputs of a step, or of one leg of it. `expires` is in RFC 3339."""

    id: int
    name: str
    expires: str

    def to_json(self) -> Json:
        return {"id": self.id, "name": self.name, "expires": self.expires}


@dataclass(frozen=True, slots=True)
class Entry:
    """One result. `facts` is the document that `key` is the digest of; `ended` is when it was made, in RFC 3339.

    `metadata` is what the step logged about it, and as true of it now; `flags` are comparisons of its outputs.
    `attempt` and `artifacts` tell where `run` keeps the outputs, of a run on GitHub.
    """

    key: str
    pipeline: str
    step: str
    run: str
    ended: str
    facts: Mapping[str, Json] = field(default_factory=dict)
    outputs: Mapping[str, Artifact] = field(default_factory=dict)
    metadata: Mapping[str, Json] = field(default_factory=dict)
    flags: Mapping[str, bool] = field(default_factory=dict)
    attempt: int = 0
    artifacts: tuple[Kept, ...] = ()

    def to_json(self) -> Json:
        return {
            "schema": SCHEMA,
            "key": self.key,
            "pipeline": self.pipeline,
            "step": self.step,
            "run": self.run,
            "ended": self.ended,
            "facts": dict(self.facts),
            "outputs": {name: artifact.to_json() for name, artifact in self.outputs.items()},
        } | self._besides()

    def _besides(self) -> Json:
        data: dict[str, Json] = {name: dict(held) for name, held in (("metadata", self.metadata), ("flags", self.flags)) if held}
        if self.artifacts:
            data |= {"attempt": self.attempt, "artifacts": [each.to_json() for each in self.artifacts]}
        return data

    @classmethod
    def read(cls, text: bytes) -> Entry:
        """The entry in a line; raises RecordError where there is none, or one of a newer schema."""
        try:
            data = canonical.loads(text)
        except ValueError as error:
            raise RecordError(f"this cache entry is damaged: {type(error).__name__}: {error}") from error
        return cls.from_json(data)

    @classmethod
    def from_json(cls, data: Json) -> Entry:
        check_schema(data, SCHEMA, "cache entry", RecordError)
        if "key" not in data:
            raise RecordError("this is not a cache entry")
        try:
            outputs = {name: Artifact.from_json(artifact) for name, artifact in data["outputs"].items()}
            names = ("key", "pipeline", "step", "run", "ended", "facts")
            metadata = data.get("metadata", {})
            told = flags(data.get("flags", {}))
            kept = tuple(checked(Kept(each["id"], each["name"], each["expires"])) for each in data.get("artifacts", []))
            named = {name: data[name] for name in names}
            return checked(cls(**named, outputs=outputs, metadata=metadata, flags=told, attempt=data.get("attempt", 0), artifacts=kept))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RecordError(f"this cache entry is damaged: {type(error).__name__}: {error}") from error


class Index:
    """Entries in the order in which they were made: of one key, and of one step, the last counts."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._by_key: dict[str, Entry] = {}
        self._own: dict[tuple[str, str, str], Entry] = {}
        self._by_step: dict[tuple[str, str], Entry] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        self._by_key[entry.key] = entry
        self._own[entry.key, entry.pipeline, entry.step] = entry
        self._by_step[entry.pipeline, entry.step] = entry

    def get(self, key: str, pipeline: str = "", step: str = "") -> Entry | None:
        """The result that this very step made, else that of any: two draws of a random number stay two."""
        return self._own.get((key, pipeline, step)) or self._by_key.get(key)

    def newest_of(self, pipeline: str, step: str) -> Entry | None:
        return self._by_step.get((pipeline, step))

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)
