"""The examples are what their pages say: they run, again with the same digests, and the same under act."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = ["examples/hello/pipeline.py", "examples/penguins/pipeline.py"]  # and examples/search, in a file of its own


def orch(*arguments: str) -> dict[str, Any]:
    """The last line that a command prints with --json: the run's record."""
    done = subprocess.run([sys.executable, "-m", "orch", *arguments, "--json"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    record: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return record


def digests(record: dict[str, Any]) -> dict[str, str]:
    return {f"{step['id']}.{name}": output["digest"] for step in record["steps"] for name, output in step["outputs"].items()}


@pytest.mark.act
@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_gives_the_same_artifacts_on_the_laptop_and_under_act(example: str) -> None:
    here, again, act = orch("run", example), orch("run", example, "--jobs", "1"), orch("act", example, "--no-cache")

    assert here["state"] == act["state"] == "succeeded"
    assert digests(here) == digests(again)
    assert digests(here) == digests(act)


def test_the_real_example_ends_in_a_report_that_loads_nothing() -> None:
    record = orch("run", EXAMPLES[1])
    page = ROOT / ".orch/runs" / record["run"] / "outputs/report/output/penguins.html"
    text = page.read_text(encoding="utf-8")

    assert len(record["steps"]) >= 6
    assert text.count("<svg") == 2
    assert "src=" not in text


def test_the_committed_workflows_are_what_the_examples_compile_to() -> None:
    done = subprocess.run([sys.executable, "-m", "orch", "check"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
