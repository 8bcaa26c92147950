"""How large a graph may be that is committed: every job reads it before anything else, and people review it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from orch.errors import LimitError
from orch.model import canonical
from orch.model.graph import Graph
from orch.model.steps import binding_to_json
from orch.names import graph_path

# Of our own choice: a thousand steps take an eighth of it; reading so much takes a job less than 100 ms.
GRAPH_BYTES: Final = 5_000_000


def check_graph_size(graph: Graph, text: str) -> Iterator[LimitError]:
    """`text` is that of `graph`; names the argument that most of it comes from."""
    size = len(text.encode())
    if size <= GRAPH_BYTES:
        return
    written = ((len(canonical.dumps(binding_to_json(binding))), step.id, name) for step in graph.steps for name, binding in step.inputs)
    longest, step, name = max(written, default=(0, "", ""))
    most = f"; argument {name!r} of step {step!r} alone is {longest:,} characters" if longest > GRAPH_BYTES // 10 else ""
    hint = "let a step return what is long, and pass its output or map over it, or read it from a file of the repository"
    yield LimitError(f"{graph_path(graph.pipeline)} has {size:,} bytes, orch takes {GRAPH_BYTES:,}{most}", hint=hint)
