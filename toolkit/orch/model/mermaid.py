"""A graph as a Mermaid flowchart, which GitHub draws in pages and step summaries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orch.model.graph import Graph
from orch.model.states import State

# Fill, border and text, so that both the light and the dark page stay readable; the state also stands in the box.
_STYLES: Final = {
    State.QUEUED: "fill:#eaeef2,stroke:#8c959f,color:#1f2328",
    State.RUNNING: "fill:#fff8c5,stroke:#bf8700,color:#1f2328",
    State.SUCCEEDED: "fill:#dafbe1,stroke:#1a7f37,color:#1f2328",
    State.FAILED: "fill:#ffebe9,stroke:#cf222e,color:#1f2328",
    State.CACHED: "fill:#ddf4ff,stroke:#0969da,color:#1f2328",
    State.SKIPPED: "fill:#f6f8fa,stroke:#8c959f,color:#57606a,stroke-dasharray:4",
    State.CANCELLED: "fill:#fff1e5,stroke:#bc4c00,color:#1f2328",
}


def mermaid(graph: Graph, states: Mapping[str, State] | None = None) -> str:
    """Steps in call order; solid arrows carry data, dotted ones only order. With `states`, each box shows its step's.

    Step ids are ASCII letters, digits and `_` (`orch.names`), so nothing in a box needs escaping.
    """
    shown = states or {}
    lines = ["flowchart LR"]
    for step in graph.steps:
        state = shown.get(step.id)
        label, style = (f"{step.id}<br/>{state}", f":::{state}") if state else (step.id, "")
        lines.append(f'  {_node(step.id)}["{label}"]{style}')
    for step in graph.steps:
        lines += [f"  {_node(need)} --> {_node(step.id)}" for need in step.producers]
        lines += [f"  {_node(need)} -.-> {_node(step.id)}" for need in step.after if need not in step.producers]
    lines += [f"  classDef {state} {_STYLES[state]}" for state in State if state in shown.values()]
    return "\n".join(lines) + "\n"


def _node(step: str) -> str:
    return f"s_{step}"  # a step may be called `end` or `class`, which are Mermaid's words
