"""The trace that step and pipeline calls belong to, if one is under way; apart, so that decorating imports nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from orch.model.runs import RunRecord


class Tracing(Protocol):
    """What a step tells of its call, and that gives the call's outputs."""

    blocks: Any  # the conditions around the call: `orch.authoring.conditions.Blocks`

    def call_step(self, step: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], /) -> Any: ...
    def report_use(self, future: Any, use: str, /) -> None: ...
    def map_step(self, step: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], /, *, product: bool) -> Any: ...


current: ContextVar[Tracing | None] = ContextVar("orch_trace", default=None)

# What runs a pipeline that is called outside a trace; `orch/__init__.py` puts it here, because running stands above
# authoring. Arguments: graph, project, parameters.
launcher: list[Callable[[Any, Any, dict[str, object]], RunRecord]] = []
