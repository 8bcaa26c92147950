"""Each folder of tests/golden is a repository in small: what its pipeline compiles to, or the errors that say why it does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from orch.authoring.load import load_graphs, separate_modules
from orch.errors import OrchError
from orch.orchestrators.github.compile import files
from orch.stacks.load import load_settings

CASES: Final = sorted(file.parent for file in Path(__file__).parent.glob("*/pipeline.py"))


def compiled(repository: Path) -> dict[str, str]:
    """The files of golden case `repository`, by their name there."""
    try:
        with separate_modules():
            (graph,) = load_graphs(str(repository / "pipeline.py"))
        workflow, graph_file = files(graph, load_settings(repository)).values()
    except OrchError as error:
        return {"error.txt": f"{error}\n"}
    return {"workflow.yml": workflow, "graph.json": graph_file}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.name))
def test_a_pipeline_compiles_to_its_golden_files(case: Path, tmp_path: Path, golden: Callable[[Path, str], None]) -> None:
    repository = Path(shutil.copytree(case, tmp_path / "repository"))
    (repository / ".git").mkdir()

    found = compiled(repository)

    for name, text in found.items():
        golden(case / name, text)
    others = {"workflow.yml", "graph.json", "error.txt"} - set(found)
    assert [name for name in sorted(others) if (case / name).exists()] == []
