"""Errors about what a pipeline compiles to name the line of its decorator."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.modules import graph_of, write

from orch.errors import OrchError, PipelineError, Where
from orch.model.graph import Graph
from orch.orchestrators.github.definition import defined_at, with_lines
from orch.orchestrators.github.repository import compile_references

FLOW = '@step\ndef load() -> int: return 1\n\n# its options\n@pipeline(\n    schedule=Schedule("0 25 * * *"),\n)\ndef flow():\n    load()\n'


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    return graph_of(tmp_path, FLOW)


def test_a_pipeline_is_where_its_first_decorator_is(graph: Graph, tmp_path: Path) -> None:
    assert defined_at(graph, tmp_path) == Where("pipeline.py", 7)


def test_a_file_that_is_gone_or_broken_by_now_is_named_without_a_line(graph: Graph, tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text("def flow(:\n")
    assert defined_at(graph, tmp_path) == Where("pipeline.py")

    (tmp_path / "pipeline.py").unlink()
    assert defined_at(graph, tmp_path) == Where("pipeline.py")


def test_a_place_that_is_known_stays(graph: Graph, tmp_path: Path) -> None:
    places = [Where("pipeline.py", 3), Where("orch.yaml"), None]

    assert [each.where for each in with_lines((PipelineError("x", where=place) for place in places), graph, tmp_path)] == places


def test_what_cannot_be_compiled_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    file = write(tmp_path, FLOW)

    with pytest.raises(OrchError) as caught:
        compile_references([str(file)], tmp_path)

    assert [(problem.code, problem.where) for problem in caught.value.problems] == [("pipeline", Where("pipeline.py", 7))]
