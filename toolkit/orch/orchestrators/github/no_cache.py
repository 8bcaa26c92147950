"""The input `no_cache` of workflows that look for earlier results: whoever starts a run says that every step is to run.

It is there where the form has room for it, and no parameter has its name: a pipeline's own inputs go before it.
"""

from __future__ import annotations

from typing import Final

from orch.model.graph import Graph
from orch.model.triggers import RepositoryDispatch
from orch.names import NO_CACHE_INPUT
from orch.orchestrators.github.inputs import inputs_of
from orch.orchestrators.github.servers import most_inputs
from orch.stacks.settings import Cache, Settings
from orch.workflow.expressions import And, Context, Expression, Literal, Or, interpolate
from orch.workflow.model import Input

_FIELD: Final = Input("boolean", "run every step, whatever earlier runs have", default=False)


def no_cache_field(graph: Graph, settings: Settings, mode: Cache) -> dict[str, Input]:
    """The field of the form, where there is one; `mode` is who looks for earlier results."""
    return {NO_CACHE_INPUT: _FIELD} if mode != "off" and _has_room(graph, settings) else {}


def unless_asked(graph: Graph, settings: Settings, otherwise: str, word: str) -> str:
    """`word` as an input of one of our actions, or `otherwise` in a run that takes nothing from earlier ones."""
    if not _has_room(graph, settings):
        return word
    return interpolate(Or((And((_asked(graph), Literal(otherwise))), Literal(word))))


def _asked(graph: Graph) -> Expression:
    asked = Context(("inputs", NO_CACHE_INPUT))
    if any(isinstance(trigger, RepositoryDispatch) for trigger in graph.triggers):
        return Or((asked, Context(("github", "event", "client_payload", NO_CACHE_INPUT))))
    return asked


def _has_room(graph: Graph, settings: Settings) -> bool:
    is_taken = any(parameter.name.lower() == NO_CACHE_INPUT for parameter in graph.parameters)
    return not is_taken and len(inputs_of(graph)) < most_inputs(settings)
