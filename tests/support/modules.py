"""Users' modules for tests: written into a folder, loaded as the commands load them."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from orch.authoring.load import load_graph, separate_modules
from orch.errors import OrchError
from orch.model.graph import Graph


def write(folder: Path, code: str, name: str = "pipeline.py") -> Path:
    """`code`, dedented, as a file of a project."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("from __future__ import annotations\nfrom orch import *\n" + textwrap.dedent(code), encoding="utf-8")
    return file


def graph_of(folder: Path, code: str, pipeline: str = "") -> Graph:
    """The graph of the module's one pipeline, or of the one named."""
    with separate_modules():
        return load_graph(str(write(folder, code)) + (f":{pipeline}" if pipeline else ""))


def problems_of(folder: Path, code: str) -> list[OrchError]:
    """Everything that is wrong with the module's pipeline."""
    with pytest.raises(OrchError) as caught:
        graph_of(folder, code)
    return list(caught.value.problems)
