from __future__ import annotations

from pathlib import Path

import pytest
from support.modules import graph_of, problems_of

CODE = """
    @step({step})
    def load() -> int: return 1

    @pipeline({pipeline})
    def churn():
        {call}()
"""


def test_it_is_kept_as_plain_data_in_one_order(tmp_path: Path) -> None:
    code = CODE.format(step='github={"runs-on": ("b", "a"), "env": {"B": 1, "A": "x"}}', pipeline='github={"run-name": "x"}', call="load")

    graph = graph_of(tmp_path, code)

    assert graph["load"].settings.github == {"env": {"A": "x", "B": 1}, "runs-on": ["b", "a"]}
    assert list(graph["load"].settings.github["env"]) == ["A", "B"]
    assert graph.github == {"run-name": "x"}


def test_of_one_call_it_takes_the_place_of_the_decorators(tmp_path: Path) -> None:
    call = 'load.with_options(github={"env": {"A": "x"}})'

    assert graph_of(tmp_path, CODE.format(step='github={"runs-on": "a"}', pipeline="", call=call))["load"].settings.github == {
        "env": {"A": "x"}
    }


@pytest.mark.parametrize(
    "given", ['"x"', "[1]", '{"env": {1: "x"}}', '{"env": {"A": load}}', '{"env": {"A": float("nan")}}', '{"env": {"A": {1}}}']
)
def test_what_is_no_plain_data_is_told_at_its_line(tmp_path: Path, given: str) -> None:
    code = CODE.format(step="", pipeline="", call=f"load.with_options(github={given})")
    (problem,) = problems_of(tmp_path, code)

    assert "github is" in problem.message
    assert problem.where is not None
    assert problem.where.line
    (of_pipeline,) = problems_of(tmp_path, CODE.format(step="", pipeline=f"github={given}", call="load"))
    assert "github is" in of_pipeline.message
