"""A graph in Graphviz's language: https://graphviz.org/doc/info/lang.html"""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Final

from orch.cli.text import cut, one_line
from orch.model.graph import Graph
from orch.model.mermaid import condition_told, spread_told
from orch.model.steps import OutputRef, Step

_GRAPH: Final = 'rankdir=LR, bgcolor="white", pad=0.25, nodesep=0.3, ranksep=0.55, fontname="Helvetica,Arial,sans-serif"'
_NODE: Final = (
    'shape=box, style="rounded,filled", fillcolor="#f6f8fa", color="#57606a", fontcolor="#1f2328", penwidth=1.2, '
    'height=0.42, margin="0.18,0.08", fontname="Helvetica,Arial,sans-serif", fontsize=13'
)
_EDGE: Final = 'tailport=e, headport=w, color="#57606a", arrowsize=0.7, penwidth=1.2'
_ORDER: Final = 'style=dashed, color="#8c959f"'
_TWO_LINES: Final = (
    '<<table border="0" cellborder="0" cellspacing="0" cellpadding="1"><tr><td>{}</td></tr>'
    '<tr><td><font point-size="10" color="#57606a">{}</font></td></tr></table>>'
)
# Beyond this a layout that is only good enough takes seconds, where the best one takes hours.
_MANY_EDGES: Final = 600
_FAST: Final = ", splines=line, nslimit=1, nslimit1=1, mclimit=0.1"


def dot(graph: Graph) -> str:
    """Steps from left to right; solid arrows carry data, dashed ones only order or a condition. What people named is quoted."""
    edges = list(_edges(graph))
    lines = [
        f"digraph {quoted(graph.pipeline)} {{",
        f"  graph [{_GRAPH}{_FAST if len(edges) > _MANY_EDGES else ''}];",
        f"  node [{_NODE}];",
        f"  edge [{_EDGE}];",
        *(f"  {quoted(step.id)} [label={_label(step)}, tooltip={quoted(step.source)}];" for step in graph.steps),
        *edges,
        "}",
    ]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """`text` on one line, as a string that means nothing but itself."""
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _edges(graph: Graph) -> Iterator[str]:
    for step in graph.steps:
        outputs: dict[str, dict[str, None]] = {}
        for ref in step.references:
            if isinstance(ref, OutputRef):
                outputs.setdefault(ref.step, {})[ref.output] = None
        choices = step.choices
        for need, names in outputs.items():
            told = f"{step.id} reads {', '.join(names)} of {need}" + (", if it ran" if need in choices else "")
            label = ', label="either", fontsize=10, fontcolor="#57606a"' if need in choices else ""
            yield f"  {quoted(need)} -> {quoted(step.id)} [tooltip={quoted(told)}{label}];"
        for need in step.asked:
            if need not in outputs:
                told = f"{step.id} runs if {condition_told(step)}"
                yield f"  {quoted(need)} -> {quoted(step.id)} [tooltip={quoted(told)}, {_ORDER}];"
        for need in step.after:
            if need not in outputs and need not in step.asked:
                told = f"{step.id} comes after {need}"
                yield f"  {quoted(need)} -> {quoted(step.id)} [tooltip={quoted(told)}, {_ORDER}];"


def _label(step: Step) -> str:
    told = [spread_told(step)] if step.fan else []
    told += [f"if {condition_told(step)}"] if step.when else [] if step.fan else [where_it_runs(step)]
    where = cut(one_line(", ".join(told)), 60 if step.when else 40)
    return _TWO_LINES.format(html.escape(step.id), html.escape(where)) if where else quoted(step.id)


def where_it_runs(step: Step) -> str:
    """The step's target and what it asks for, empty for a step that runs anywhere."""
    resources = step.settings.resources
    asked = [step.settings.target or ""]
    if resources is not None:
        asked += [
            f"{resources.cpu_count:g} CPU" if resources.cpu_count else "",
            f"{resources.gpu_count} GPU" if resources.gpu_count else "",
        ]
        asked += [resources.memory or ""]
    return ", ".join(filter(None, asked))
