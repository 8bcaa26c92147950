"""Who is told of a run's end, and how: what the graph says, for the one job that tells them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from orch.errors import GraphError, UnknownStepError
from orch.model.canonical import Json
from orch.model.graph_file import TABLE, TEXT, TEXTS, Keys

On = Literal["failure", "success"]

_NOTICE: Final = Keys("a notice", {"on": TEXT}, {"steps": TEXTS, "issue": TABLE, "webhook": TABLE})
_ISSUE: Final = Keys("an issue to open", {}, {"labels": TEXTS, "assignees": TEXTS})
_WEBHOOK: Final = Keys("a webhook", {"url_secret": TEXT})


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue of the repository for the pipeline: open while it fails."""

    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()

    def to_json(self) -> Json:
        return {name: list(getattr(self, name)) for name in ("labels", "assignees") if getattr(self, name)}


@dataclass(frozen=True, slots=True)
class Webhook:
    """A request to the address that the secret `url_secret` holds."""

    url_secret: str

    def to_json(self) -> Json:
        return {"url_secret": self.url_secret}


@dataclass(frozen=True, slots=True)
class Notice:
    """`steps` are those whose end is told of, each for itself; empty: all of the run."""

    on: On
    how: Issue | Webhook
    steps: tuple[str, ...] = ()

    def to_json(self) -> Json:
        kind = "issue" if isinstance(self.how, Issue) else "webhook"
        return {"on": self.on, kind: self.how.to_json()} | ({"steps": list(self.steps)} if self.steps else {})

    @classmethod
    def from_json(cls, data: Json) -> Notice:
        _NOTICE.check(data)
        if data["on"] not in ("failure", "success") or ("issue" in data) == ("webhook" in data):
            raise GraphError(f"{data!r} is not a notice", hint="compile it again")
        return cls(data["on"], _how(data), tuple(data.get("steps", ())))


def _how(data: Json) -> Issue | Webhook:
    if "issue" in data:
        _ISSUE.check(data["issue"])
        return Issue(tuple(data["issue"].get("labels", ())), tuple(data["issue"].get("assignees", ())))
    _WEBHOOK.check(data["webhook"])
    return Webhook(data["webhook"]["url_secret"])


def url_secrets(notices: tuple[Notice, ...]) -> tuple[str, ...]:
    """Names of the secrets that hold addresses, each once."""
    return tuple(dict.fromkeys(notice.how.url_secret for notice in notices if isinstance(notice.how, Webhook)))


def check_notices(notices: Iterable[Notice], steps: Collection[str]) -> Iterator[GraphError]:
    for notice in notices:
        for name in notice.steps:
            if name not in steps:
                yield UnknownStepError(f"a notice is about the step {name!r}, which does not exist", hint=f"steps are {', '.join(steps)}")
