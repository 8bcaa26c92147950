from __future__ import annotations

import ast
from pathlib import Path

import pytest

from orch.authoring.load import load_graphs, separate_modules
from orch.errors import UsageError
from orch.model.graph import Graph
from orch.model.triggers import PullRequest, Push
from orch.orchestrators.github.setup.example import NAME, check_name, path_of, source


def graph_of(repository: Path, path: str, name: str, branch: str = "main") -> Graph:
    (repository / ".git").mkdir(exist_ok=True)
    file = repository / path
    file.parent.mkdir(parents=True)
    file.write_text(source(path, name, branch), encoding="utf-8")
    with separate_modules():
        (graph,) = load_graphs(str(file))
    return graph


def test_three_steps_of_which_one_reads_two(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, path_of(".", NAME), NAME)

    assert {step.id: step.producers for step in graph.steps} == {"throw": (), "estimate": ("throw",), "draw": ("throw", "estimate")}
    assert graph.source == "pipelines/darts.py:darts"


def test_it_runs_for_its_own_pull_requests_and_pushes(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, path_of("services/ml", "dice"), "dice", "trunk")

    paths = ("services/ml/pipelines/**", ".github/workflows/dice.yml")
    assert graph.triggers == (Push(["trunk"], paths), PullRequest(paths=paths))


@pytest.mark.parametrize("folder", ["a b", "größe", "it's", 'quo"te', "back\\slash", "x{y}", "a@NAME@b", '"""'])
def test_a_folder_may_be_called_anything(folder: str, tmp_path: Path) -> None:
    graph = graph_of(tmp_path, path_of(folder, "darts"), "darts")

    assert graph.triggers[1] == PullRequest(paths=(f"{folder}/pipelines/**", ".github/workflows/darts.yml"))


@pytest.mark.parametrize("name", ["1st", "a-b", "class", "match", "random", "json", "orch", "throw", "größe", "", "run", "a" * 65, "x;y"])
def test_a_name_that_cannot_be_one_is_refused_with_one_that_can(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_name(name)

    assert check_name(caught.value.hint.removeprefix("--name "))


def test_it_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse(source("pipelines/darts.py", "darts", "main"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)} | {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }

    assert imported == {"__future__", "random", "orch"}
