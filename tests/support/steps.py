"""Steps and graphs for tests, in a few words."""

from __future__ import annotations

from collections.abc import Sequence

from orch.model.graph import Graph
from orch.model.parameters import Parameter
from orch.model.settings import StepSettings
from orch.model.steps import Output, OutputRef, Step
from orch.model.triggers import Trigger


def a_step(name: str, reads: Sequence[str] = (), after: Sequence[str] = (), settings: StepSettings | None = None) -> Step:
    """A step that reads the one output of each of `reads`."""
    inputs = tuple((f"x{position}", OutputRef(producer, "output")) for position, producer in enumerate(reads))
    return Step(name, f"pipeline.py:{name}", inputs, (Output("output", "int"),), tuple(after), settings or StepSettings())


def a_graph(*steps: Step, parameters: Sequence[Parameter] = (), triggers: Sequence[Trigger] = (), pipeline: str = "p") -> Graph:
    return Graph(pipeline, f"pipeline.py:{pipeline}", steps or (a_step("a"),), tuple(parameters), tuple(triggers))
