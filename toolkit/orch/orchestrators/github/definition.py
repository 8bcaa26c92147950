"""The line on which a pipeline is defined: for errors about what it compiles to, which know its file alone."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from orch.errors import OrchError, Where
from orch.model.graph import Graph
from orch.orchestrators.github.compile import source_path


def defined_at(graph: Graph, git_root: Path) -> Where:
    """Of its first decorator, where its options stand. A graph knows no lines, so that a comment is no drift."""
    path, function = source_path(graph), graph.source.rpartition(":")[2]
    try:
        tree = ast.parse((git_root / path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return Where(path)  # it was changed since it was loaded
    lines = (_first_line(node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == function)
    return Where(path, next(lines, 0))


def with_lines(problems: Iterable[OrchError], graph: Graph, git_root: Path) -> Iterator[OrchError]:
    """`problems` of compiling `graph`, those that name its file with the line, too."""
    for problem in problems:
        if problem.where == Where(source_path(graph)):
            problem.where = defined_at(graph, git_root)
        yield problem


def _first_line(function: ast.FunctionDef) -> int:
    return min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
