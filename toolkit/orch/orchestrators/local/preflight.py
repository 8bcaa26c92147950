"""What is known of a run before its first step: whether it can start at all, its id, and the commit it is of."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Mapping
from pathlib import Path

from orch import system
from orch.authoring import git
from orch.runtime import clock


def new_run_id(started: float) -> str:
    """Sorts by start, and differs between two runs of the same second."""
    stamp = clock.rfc3339(started)[:19].replace("-", "").replace(":", "").replace("T", "-")
    return f"{stamp}-{randomness.token_hex(3)}"


def commit_of(git_root: Path, environment: Mapping[str, str]) -> str:
    return environment.get("GITHUB_SHA") or git.head(git_root)


def default_jobs() -> int:
    """As many steps at a time as this process may use processors."""
    return system.processors()
