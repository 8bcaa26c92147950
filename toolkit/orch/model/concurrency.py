"""Which runs of a pipeline wait for each other, where its author does not leave that to orch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orch.model.canonical import Json
from orch.model.graph_file import FLAG, TEXT, Keys

_CONCURRENCY: Final = Keys("concurrency", {}, {"group": TEXT, "cancel_in_progress": FLAG})


@dataclass(frozen=True, slots=True)
class Concurrency:
    """Runs of one `group` come one after the other, whichever pipelines of the repository they are of.

    Without a group, runs of one branch do, and each run that somebody started by hand is on its own. GitHub keeps one that waits
    and cancels it when a newer comes; with `cancel_in_progress` it cancels the one that runs, too.
    """

    group: str | None = None
    cancel_in_progress: bool = False

    def to_json(self) -> Json:
        data: dict[str, Json] = {} if self.group is None else {"group": self.group}
        return data | ({"cancel_in_progress": True} if self.cancel_in_progress else {})

    @classmethod
    def from_json(cls, data: Json) -> Concurrency:
        _CONCURRENCY.check(data)
        return cls(data.get("group"), data.get("cancel_in_progress", False))
