"""Reading the graph file that `orch compile` wrote and somebody committed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from orch.errors import GraphError, Where
from orch.model import canonical
from orch.model.canonical import Json
from orch.model.graph_file import check_graph

if TYPE_CHECKING:
    from orch.model.graph import Graph


def read_graph_file(file: Path) -> Json:
    """The graph's JSON; of its steps only the one that runs is looked at, `orch check` has looked at all of them."""
    try:
        graph = canonical.loads(file.read_bytes(), unique=True)
    except OSError as error:
        raise GraphError(f"the graph {str(file)!r} cannot be read: {error.strerror}", hint="orch compile writes it; commit it") from error
    except ValueError as error:
        raise GraphError(f"the graph {str(file)!r} is not JSON: {error}", hint="orch compile writes it anew") from error
    with told_of(file):
        check_graph(graph)
    return graph


@contextmanager
def told_of(file: Path) -> Iterator[None]:
    """An error in the graph says in which file."""
    try:
        yield
    except GraphError as error:
        error.where = Where(str(file))
        error.hint = error.hint or "orch compile writes it anew"
        raise


def read_graph(file: Path) -> Graph:
    """The whole graph, checked."""
    from orch.model.graph import Graph  # a job that runs one step does without the rest

    return Graph.from_json(read_graph_file(file))
