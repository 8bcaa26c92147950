from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.steps import a_graph, a_step

from orch.cli.drawing.dot import dot, quoted
from orch.model.graph import Graph
from orch.model.resources import ResourceSettings
from orch.model.settings import StepSettings

# Graphviz's own idea of a quoted string: a backslash keeps what follows, and the next bare quote ends it.
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def test_data_flows_along_solid_arrows_and_order_along_dashed_ones() -> None:
    graph = a_graph(a_step("load"), a_step("train", ["load", "load"]), a_step("end", ["load"], after=["load", "train"]))

    edges = [line.strip() for line in dot(graph).splitlines() if " -> " in line]

    assert edges == [
        '"load" -> "train" [tooltip="train reads output of load"];',
        '"load" -> "end" [tooltip="end reads output of load"];',
        '"train" -> "end" [tooltip="end comes after train", style=dashed, color="#8c959f"];',
    ]


def test_a_step_says_where_it_runs() -> None:
    settings = StepSettings(target="kubernetes", resources=ResourceSettings(cpu_count=4, gpu_count=1, memory="8GB"))

    assert "<td>train</td>" in dot(a_graph(a_step("train", settings=settings)))
    assert ">kubernetes, 4 CPU, 1 GPU, 8GB</font>" in dot(a_graph(a_step("train", settings=settings)))


def test_words_of_the_language_are_steps_like_others() -> None:
    text = dot(a_graph(a_step("node"), a_step("graph", ["node"]), a_step("subgraph", ["graph"]), pipeline="strict"))

    assert text.startswith('digraph "strict" {\n')
    assert '  "graph" -> "subgraph" [' in text


@given(st.text())
def test_whatever_is_quoted_is_one_string_on_one_line(text: str) -> None:
    assert STRING.fullmatch(quoted(text))
    assert "\n" not in quoted(text)


@given(st.text(min_size=1))
def test_no_setting_of_a_step_leaves_its_label(target: str) -> None:
    plain = dot(a_graph(a_step("a", settings=StepSettings(target="x"))))
    hostile = dot(a_graph(a_step("a", settings=StepSettings(target=target))))

    inside = re.search(r'<font point-size="10" color="#57606a">(.*)</font></td></tr></table>>, tooltip=', hostile)
    assert inside is None or not re.search(r'[<>"]', inside[1])
    assert hostile.count("\n") == plain.count("\n")


@pytest.mark.parametrize(("steps", "is_fast"), [(30, False), (40, True)])
def test_many_arrows_are_laid_out_well_enough_instead_of_best(steps: int, is_fast: bool) -> None:
    names = [f"s{number}" for number in range(steps)]
    graph: Graph = a_graph(*(a_step(name, names[:number]) for number, name in enumerate(names)))

    assert ("mclimit" in dot(graph)) is is_fast
