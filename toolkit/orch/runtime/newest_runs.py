"""The newest runs of this run's workflow, as GitHub lists them: asked for once, however many questions that answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from orch.errors import OrchError
from orch.model.canonical import Json
from orch.runtime.api import Api
from orch.runtime.here import Here

PAGE: Final = 100
_NEEDS: Final = "actions: read"


def list_runs(api: Api, here: Here, **query: str) -> list[Json]:
    """The newest first, at most a page of them; raises RemoteError."""
    file = here.workflow.rpartition("/")[2]
    answer = api.get(f"actions/workflows/{file}/runs", {"per_page": PAGE, "exclude_pull_requests": "true", **query}, needs=_NEEDS)
    found = answer.get("workflow_runs") if isinstance(answer, dict) else None
    return [run for run in found if isinstance(run, dict)] if isinstance(found, list) else []


class NewestRuns:
    """`list_runs`, when it is first asked for; where GitHub does not answer, it is not asked again."""

    def __init__(self, api: Callable[[], Api], here: Here) -> None:
        self.here = here
        self._api = api
        self._listed: list[Json] | OrchError | None = None

    def all(self) -> list[Json]:
        """Raises RemoteError, and SettingsError where there is nothing to ask with."""
        if self._listed is None:
            try:
                self._listed = list_runs(self._api(), self.here)
            except OrchError as error:
                self._listed = error
        if isinstance(self._listed, OrchError):
            raise self._listed
        return self._listed

    @property
    def are_all(self) -> bool:
        """Whether there are no others."""
        return len(self.all()) < PAGE

    def this(self) -> Json | None:
        """This run, if it is listed."""
        return next((run for run in self.all() if str(run.get("id")) == self.here.run), None) if self.here.workflow else None
