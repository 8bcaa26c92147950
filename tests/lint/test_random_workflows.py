"""What random pipelines compile to is clean under the tools that judge workflows: each is started once, for many files."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.graphs import granted_settings, graphs
from support.tools import requires_tool

from orch.model.graph import Graph
from orch.orchestrators.github.compile import files
from orch.orchestrators.github.packs import chosen_packs, with_packs
from orch.stacks.settings import Retention, Settings

# As many as take seconds; `ORCH_EXAMPLES=1000` for a longer look.
EXAMPLES: Final = int(os.environ.get("ORCH_EXAMPLES", "40"))
STACKS: Final = st.builds(
    Settings,
    cache=st.sampled_from(["auto", "plan", "job", "off"]),
    pickle=st.sampled_from(["allow", "forbid"]),
    retention=st.sampled_from([Retention(), Retention(3, 30, 90)]),
    result_runner=st.sampled_from(["ubuntu-slim", "ubuntu-24.04"]),
)


@st.composite
def compiled(draw: st.DrawFn) -> dict[str, str]:
    """Path -> text: the workflow of a random pipeline, with whatever its jobs may ask for, and its graph."""
    graph: Graph = draw(graphs(conditional=draw(st.booleans()), mapped=draw(st.booleans())))
    alike = draw(st.none() | granted_settings())  # as steps must be that share a job
    graph = replace(graph, steps=tuple(replace(step, settings=alike or draw(granted_settings())) for step in graph.steps))
    stack = draw(STACKS)
    packs = chosen_packs(graph, stack, dict.fromkeys(graph.by_id, 0.01)) if alike else ()
    return files(with_packs(graph, stack, packs), stack)


@pytest.fixture(scope="module")
def workflows(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Of as many pipelines, in a folder each; beside each lies the graph that it was made of."""
    folder = tmp_path_factory.mktemp("random")
    found: list[str] = []

    @given(compiled())
    @settings(max_examples=EXAMPLES, phases=[Phase.generate])
    def write(generated: dict[str, str]) -> None:
        for name, text in generated.items():
            path = folder / str(len(found)) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        found.append(next(str(folder / str(len(found)) / name) for name in generated if name.endswith(".yml")))

    write()
    return found


def run(*command: str) -> str:
    """What a linter says, empty if it found nothing."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.tools("zizmor")
def test_zizmor_finds_nothing(workflows: list[str]) -> None:
    assert run(requires_tool("zizmor"), "--persona=pedantic", "--offline", "--quiet", "--color=never", *workflows) == ""


@pytest.mark.tools("check-jsonschema")
def test_the_published_schema_accepts(workflows: list[str]) -> None:
    assert run(requires_tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", *workflows) == ""


@pytest.mark.tools("actionlint")
def test_actionlint_finds_nothing(workflows: list[str]) -> None:
    assert run(requires_tool("actionlint"), "-no-color", "-shellcheck", "", *workflows) == ""
