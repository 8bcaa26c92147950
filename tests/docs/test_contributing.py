"""What CONTRIBUTING.md and the examples' pages say is so: tasks, layers, commands to type."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

import click
from support import pages
from test_architecture import LAYERS

from orch.authoring.load import load_graph, separate_modules
from orch.cli import run

TASKS: Final = pages.blocks("CONTRIBUTING.md", "console")
(TREE,) = pages.blocks("CONTRIBUTING.md", "")
(PENGUINS,) = pages.blocks("examples/penguins/README.md", "console")
(SEARCH,) = pages.blocks("examples/search/README.md", "console")  # which tests/integration/test_search_example.py types
(SHOWN,) = pages.blocks("examples/search/README.md", "python")
# Places that are kept, and have no code yet.
KEPT: Final = {"github"}


def commands(block: pages.Block) -> list[str]:
    return [line.split("#")[0].strip() for line in block.text.splitlines()]


def test_every_task_is_one() -> None:
    usage = subprocess.run([sys.executable, "tasks.py"], cwd=pages.ROOT, capture_output=True, text=True, check=False)

    for line in (line for block in TASKS for line in commands(block)):
        assert line.startswith("python3 tasks.py ")
        assert f"\n  {line.split()[2]} " in usage.stdout + usage.stderr


def test_the_layers_are_those_that_the_test_holds() -> None:
    shown = [name for line in TREE.text.splitlines() if line[:3] != "---" for name in line.split("  ")[0].split(", ")]
    layers = [name.removeprefix("orch.") for level in LAYERS for name in level]

    assert shown == [name for name in layers if name not in KEPT and name != "__main__"]


def test_the_commands_of_the_example_name_its_files_and_parameters() -> None:
    install, typed, acted = commands(PENGUINS)

    assert (pages.ROOT / install.removeprefix("pip install -r ")).is_file()
    with separate_modules(), run.command.make_context("run", typed.removeprefix("orch run ").split()) as context:
        assert isinstance(context, click.Context)
        graph = load_graph(str(pages.ROOT / context.params["reference"]))
        assert {text.partition("=")[0] for text in context.params["assignments"]} <= {each.name for each in graph.parameters}
    assert acted == f"orch act {context.params['reference']}"


def test_the_commands_around_the_runs_of_the_search_name_what_there_is() -> None:
    install, *_, acted = commands(SEARCH)

    assert (pages.ROOT / install.removeprefix("pip install -r ")).is_file()
    assert acted == "orch act examples/search/pipeline.py"


def test_the_search_on_its_page_is_that_of_its_file() -> None:
    source = pages.text("examples/search/pipeline.py")
    shown = [line.split("  #")[0] for line in SHOWN.text.splitlines()]

    assert "\n".join(f"    {line}" for line in shown) in source
