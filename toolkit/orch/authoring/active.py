"""The trace that step and pipeline calls belong to, if one is under way; apart, so that decorating imports nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orch.authoring.tracing import Trace
    from orch.model.records import RunRecord

current: ContextVar[Trace | None] = ContextVar("orch_trace", default=None)

# What runs a pipeline that is called outside a trace; `orch/__init__.py` puts it here, because running stands above
# authoring. Arguments: graph, project, parameters.
launcher: list[Callable[[Any, Any, dict[str, object]], RunRecord]] = []
