"""What the jobs of a pipeline's execution mode may do that others may not, and how often they may ask."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from orch.errors import LimitError, OrchError
from orch.model.graph import Graph
from orch.model.settings import ExecutionMode
from orch.workflow.model import Permission

# https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#primary-rate-limit-for-github_token-in-github-actions
PER_PAGE: Final = 100  # jobs; a test compares it with what jobs ask for
REQUESTS: Final = 1_000  # an hour, of all jobs of the repository together


def mode_permissions(mode: ExecutionMode) -> tuple[Permission, ...]:
    match mode:
        case ExecutionMode.CONTINUE_ON_FAILURE:
            return ()
        case ExecutionMode.STOP_ON_FAILURE:
            return (Permission("actions", reason="to ask whether another job has failed"),)
        case ExecutionMode.FAIL_FAST:
            return (
                Permission("actions", "write", reason="to ask whether another job has failed, and to cancel the run when this one does"),
            )


def check_mode(graph: Graph) -> Iterator[OrchError]:
    """Each job reads the list of all jobs once, page by page."""
    if graph.execution_mode is ExecutionMode.CONTINUE_ON_FAILURE:
        return
    jobs = len(graph.packs) + len(graph.steps) - sum(map(len, graph.packs))
    requests = jobs * math.ceil((jobs + 2) / PER_PAGE)
    if requests > REQUESTS:
        message = f"with the execution mode {str(graph.execution_mode)!r}, {jobs:,} jobs ask GitHub {requests:,} times in a run"
        hint = "remove execution_mode=, or let steps share jobs: --pack auto"
        yield LimitError(f"{message}, GitHub takes {REQUESTS:,} an hour", hint=hint)
