"""Issues, and what webhooks were sent, as long as a run under act lasts: they lead nowhere, and the log of their job says what was asked.

https://docs.github.com/rest/issues/issues, https://docs.github.com/rest/issues/comments
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final

from orch.model.canonical import Json
from orch.replay.act.server import NOT_FOUND, Asked, Reply, Route

_WEBHOOKS: Final = "webhooks"


class Issues:
    """`items` by number, as GitHub tells of them; `comments` and `sent` in their order."""

    def __init__(self) -> None:
        self.items: dict[int, dict[str, Json]] = {}
        self.comments: list[tuple[int, str]] = []
        self.sent: list[tuple[str, Json]] = []
        self._lock = threading.Lock()

    @property
    def routes(self) -> tuple[Route, ...]:
        return (
            Route("GET", "issues", self._listed),
            Route("POST", "issues", self._opened),
            Route("PATCH", r"issues/(\d+)", self._changed),
            Route("POST", r"issues/(\d+)/comments", self._commented),
            Route("POST", rf"/{_WEBHOOKS}/(\w+)", self._sent, signed=True),
        )

    def to_json(self) -> dict[str, Json]:
        """What people would have been told; empty if nobody would."""
        issues = [
            {name: issue[name] for name in ("title", "body", "state")}
            | {"labels": [label["name"] for label in issue["labels"]], "assignees": [user["login"] for user in issue["assignees"]]}
            for issue in self.items.values()
        ]
        webhooks = [{"secret": secret, "sent": sent} for secret, sent in self.sent]
        return {name: told for name, told in (("issues", issues), ("webhooks", webhooks)) if told}

    def _listed(self, asked: Asked) -> Reply:
        wanted = set(filter(None, asked.query.get("labels", "").split(",")))
        state = asked.query.get("state", "open")
        found = [
            issue
            for _, issue in sorted(self.items.items())
            if wanted <= {label["name"] for label in issue["labels"]} and state in ("all", issue["state"])
        ]
        size, number = int(asked.query.get("per_page", 30)), int(asked.query.get("page", 1))
        return Reply(body=found[size * (number - 1) : size * number])

    def _opened(self, asked: Asked) -> Reply:
        if not isinstance(asked.body, dict) or not asked.body.get("title"):
            return Reply(422, {"message": "Validation Failed", "documentation_url": "https://docs.github.com/rest/issues/issues"})
        with self._lock:
            number = len(self.items) + 1
            made = {"number": number, "state": "open", "user": {"login": "github-actions[bot]", "type": "Bot"}}
            made["labels"] = [{"name": name} for name in asked.body.get("labels", ())]
            made["assignees"] = [{"login": name} for name in asked.body.get("assignees", ())]
            self.items[number] = asked.body | made
        return Reply(201, self.items[number])

    def _changed(self, asked: Asked) -> Reply:
        issue = self.items.get(int(asked.found[0]))
        if issue is None:
            return NOT_FOUND
        issue |= asked.body
        return Reply(body=issue)

    def _commented(self, asked: Asked) -> Reply:
        if int(asked.found[0]) not in self.items:
            return NOT_FOUND
        self.comments.append((int(asked.found[0]), asked.body["body"]))
        return Reply(201, {"body": asked.body["body"]})

    def _sent(self, asked: Asked) -> Reply:
        self.sent.append((asked.found[0], asked.body))
        return Reply(body=b"ok")


def addresses(api: str, secrets: Iterable[str]) -> dict[str, str]:
    """In place of the addresses that secrets of the repository hold: nobody is told of a run under act."""
    return {secret: f"{api}/{_WEBHOOKS}/{secret}" for secret in secrets}
