"""A pipeline as one page that needs nothing else: no network, no script, no other file."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from orch.cli.drawing.dot import where_it_runs
from orch.cli.text import one_line
from orch.model import values
from orch.model.graph import Graph
from orch.model.mermaid import condition_told
from orch.model.parameters import Parameter
from orch.model.steps import OutputRef, Step

# Whatever a name may hold, the browser loads and runs nothing.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE: Final = """\
:root { color-scheme: light; font: 15px/1.5 system-ui, Helvetica, Arial, sans-serif; color: #1f2328; background: #fff; }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .2rem 0; color: #57606a; }
figure { margin: 1.5rem 0; padding: 1rem; border: 1px solid #d1d9e0; border-radius: 8px; overflow: auto; }
figure svg { display: block; margin: auto; }
figcaption { color: #57606a; font-size: .85rem; margin-top: .8rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid #d1d9e0; }
code { font: .9em ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
"""


def page(graph: Graph, svg: str) -> str:
    """`svg` is Graphviz's picture of `graph`; everything else is escaped."""
    has_order = any(need not in step.producers for step in graph.steps for need in step.needs)
    caption = "Solid arrows carry data" + (", dashed ones only order or a condition." if has_order else ".")
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(graph.pipeline)}</title>",
        f"<style>\n{_STYLE}</style>",
        f"<h1>{_text(graph.pipeline)}</h1>",
        f"<p>{_code(graph.source if graph.project == '.' else f'{graph.project}/{graph.source}')}</p>",
        f"<figure>\n{svg.strip()}\n<figcaption>{caption}</figcaption>\n</figure>",
        _section("Parameters", ("parameter", "type", "default"), map(_parameter, graph.parameters)),
        _section("Steps", ("step", "reads", "makes", "comes after", "runs if", "runs on"), map(_step, graph.steps)),
    ]
    return "\n".join(filter(None, parts)) + "\n"


def _section(title: str, heads: Iterable[str], rows: Iterable[list[str]]) -> str:
    body = ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
    if not body:
        return ""
    head = "".join(f"<th>{name}</th>" for name in heads)
    return "\n".join([f"<h2>{title}</h2>", "<table>", f"<tr>{head}</tr>", *(f"<tr>{row}</tr>" for row in body), "</table>"])


def _parameter(parameter: Parameter) -> list[str]:
    default = "" if parameter.required else _code(repr(values.decode(parameter.default)))
    return [_code(parameter.name), _code(parameter.type.text), default]


def _step(step: Step) -> list[str]:
    reads = dict.fromkeys(str(ref) if isinstance(ref, OutputRef) else ref.name for ref in step.references)
    makes = [f"{output.name}: {output.type}" if output.type else output.name for output in step.outputs]
    return [
        _code(step.id),
        _codes(reads),
        _codes(makes),
        _codes(step.after),
        _code(condition_told(step)) if step.when else "",
        _text(where_it_runs(step)),
    ]


def _codes(texts: Iterable[str]) -> str:
    return "<br>".join(map(_code, texts))


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _text(text: str) -> str:
    return escape(one_line(text))
