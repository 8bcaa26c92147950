"""Whether results of a run may be used: by what GitHub's API says about it, and nothing that lies in an artifact.

https://docs.github.com/rest/actions/workflow-runs#list-workflow-runs-for-a-workflow
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orch.model.canonical import Json

# Their code is that of a branch of this repository, and nobody outside chooses what it does. `pull_request_target`,
# `workflow_run` and `issue_comment` are not among them: they run with rights that what started them does not have.
EVENTS: Final = frozenset({"push", "schedule", "workflow_dispatch", "repository_dispatch", "pull_request"})


@dataclass(frozen=True, slots=True)
class Trust:
    """`repository` is `owner/name`, `workflow` the path of the file; `branches` are this one, the base and the default."""

    repository: str
    workflow: str
    branches: frozenset[str]

    def doubt(self, run: Json) -> str:
        """Why results of `run`, as the API tells of it, are not used; empty where they are."""
        if not isinstance(run, dict):
            return "GitHub says nothing about it"
        if _name(run.get("repository")) != self.repository.lower():
            return "it is of another repository"
        if _name(run.get("head_repository")) != self.repository.lower():  # absent where a fork was deleted
            return "its code came from a fork"
        path = run.get("path")
        if not isinstance(path, str) or path.partition("@")[0] != self.workflow:
            return "it is of another workflow"
        if run.get("event") not in EVENTS:
            return f"what started it is {str(run.get('event'))!r}, which is not trusted"
        if not isinstance(run.get("head_branch"), str) or run["head_branch"] not in self.branches:
            return f"it is of the branch {str(run.get('head_branch'))!r}, which is not trusted here"
        return ""


def _name(repository: Json) -> str:
    """In lower case: GitHub ignores case in names of repositories."""
    name = repository.get("full_name") if isinstance(repository, dict) else None
    return name.lower() if isinstance(name, str) else ""
