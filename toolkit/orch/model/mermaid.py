"""A graph as a Mermaid flowchart, which GitHub draws in pages and step summaries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orch.model.graph import Graph
from orch.model.states import State
from orch.model.steps import Step

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


_CONDITION: Final = 60  # characters that a box shows of one


def mermaid(graph: Graph, states: Mapping[str, State] | None = None) -> str:
    """Steps in call order; solid arrows carry data, dotted ones only order or a condition. With `states`, each box shows its step's.

    Step ids are ASCII letters, digits and `_` (`orch.names`): of what is in a box, conditions alone need escaping.
    """
    shown = states or {}
    lines = ["flowchart LR"]
    for step in graph.steps:
        state = shown.get(step.id)
        label, style = (f"{step.id}<br/>{state}", f":::{state}") if state else (step.id, "")
        label += f"<br/>{_escaped(spread_told(step))}" if step.fan else ""
        label += f"<br/>if {_escaped(condition_told(step))}" if step.when else ""
        lines.append(f'  {_node(step.id)}["{label}"]{style}')
    for step in graph.steps:
        choices = step.choices
        lines += [f"  {_node(need)} -->{'|either|' if need in choices else ''} {_node(step.id)}" for need in step.producers]
        lines += [f"  {_node(need)} -.-> {_node(step.id)}" for need in step.needs if need not in step.producers]
    lines += [f"  classDef {state} {_STYLES[state]}" for state in State if state in shown.values()]
    return "\n".join(lines) + "\n"


def spread_told(step: Step) -> str:
    """What a mapped step runs for, for people, in a few words."""
    assert step.fan is not None
    return f"for each {(' and each ' if step.fan.product else ', ').join(step.fan.over)}"


def condition_told(step: Step) -> str:
    """For people, in a few words."""
    from orch.model.flags import told  # few steps have conditions

    text = told(step.when) if step.when else ""
    return text if len(text) <= _CONDITION else f"{text[: _CONDITION - 1]}…"


def _escaped(text: str) -> str:
    """In a quoted label: https://mermaid.js.org/syntax/flowchart.html#special-characters-that-break-syntax"""
    return "".join(char if char.isalnum() or char in " ._-=()+,'" else f"#{ord(char)};" for char in text)


def _node(step: str) -> str:
    return f"s_{step}"  # a step may be called `end` or `class`, which are Mermaid's words
