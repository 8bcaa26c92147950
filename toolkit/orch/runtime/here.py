"""Which run this job belongs to, and whose results it may use: https://docs.github.com/actions/reference/workflows-and-actions/variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orch.model import canonical
from orch.planning.trust import Trust


@dataclass(frozen=True, slots=True)
class Here:
    """`branches` are trusted, the one of this run last; a run for a tag or a fork's pull request has none of its own."""

    repository: str
    workflow: str  # the file's path, which is the caller's where another workflow calls this one
    run: str
    attempt: int
    branches: tuple[str, ...]

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Here:
        event = _event(environment)
        repository = environment.get("GITHUB_REPOSITORY", "")
        own = environment.get("GITHUB_HEAD_REF") or (
            environment.get("GITHUB_REF_NAME", "") if environment.get("GITHUB_REF_TYPE", "branch") == "branch" else ""
        )
        default = _text(event, "repository", "default_branch")
        if not default and environment.get("GITHUB_EVENT_NAME") == "schedule":  # which only the default branch has
            default = own
        base = environment.get("GITHUB_BASE_REF", "")
        head = _text(event, "pull_request", "head", "repo", "full_name")
        is_foreign = isinstance(event.get("pull_request"), dict) and head.lower() != repository.lower()
        return cls(
            repository,
            environment.get("GITHUB_WORKFLOW_REF", "").partition("@")[0].removeprefix(f"{repository}/"),
            environment.get("GITHUB_RUN_ID", ""),
            int(environment.get("GITHUB_RUN_ATTEMPT") or 1),
            tuple(dict.fromkeys(branch for branch in (default, base, "" if is_foreign else own) if branch)),
        )

    @property
    def trust(self) -> Trust:
        return Trust(self.repository, self.workflow, frozenset(self.branches))


def _event(environment: Mapping[str, str]) -> Any:
    try:
        event = canonical.loads(Path(environment["GITHUB_EVENT_PATH"]).read_bytes())
    except (KeyError, OSError, ValueError):
        return {}
    return event if isinstance(event, dict) else {}


def _text(found: Any, *path: str) -> str:
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""
