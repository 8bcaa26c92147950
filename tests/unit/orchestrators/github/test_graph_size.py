from __future__ import annotations

import pytest

from orch.errors import LimitError
from orch.model.bindings import Value
from orch.model.fans import Fan
from orch.model.graph import Graph
from orch.model.steps import Step
from orch.orchestrators.github.compile import files
from orch.orchestrators.github.graph_size import GRAPH_BYTES, check_graph_size


def graph_of(count: int) -> Graph:
    """`count` numbers that are mapped over."""
    return Graph("p", "p.py:p", (Step("train", "p.py:train", (("x", Value([1] * count)),), fan=Fan(("x",))),))


def test_a_long_list_that_is_written_down_is_named_with_the_way_out() -> None:
    with pytest.raises(LimitError) as raised:
        files(graph_of(GRAPH_BYTES // 10))

    (problem,) = raised.value.problems
    assert problem.message.startswith(".github/orch/p.json has ")
    assert "bytes, orch takes 5,000,000; argument 'x' of step 'train' alone is 1,000," in problem.message
    assert "let a step return what is long" in problem.hint


def test_what_is_not_of_one_argument_is_told_without_one() -> None:
    (problem,) = check_graph_size(graph_of(3), "x" * (GRAPH_BYTES + 1))

    assert problem.message == ".github/orch/p.json has 5,000,001 bytes, orch takes 5,000,000"
    assert list(check_graph_size(graph_of(3), "x" * GRAPH_BYTES)) == []
