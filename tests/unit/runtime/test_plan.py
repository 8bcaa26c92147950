from __future__ import annotations

import io
import json
from pathlib import Path

from support.steps import a_graph, a_step

from orch.runtime import plan


def outputs(text: str) -> dict[str, str]:
    """What a job step wrote to GITHUB_OUTPUT."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, _, delimiter = line.partition("<<")
        found[name] = "\n".join(iter(lambda: next(lines), delimiter))
    return found


def test_the_plan_says_a_word_on_each_step_and_writes_every_output_of_its_job(tmp_path: Path) -> None:
    graph = a_graph(a_step("a"), a_step("b", ["a"]))
    (tmp_path / "graph.json").write_text(graph.text())
    options = ["--graph", str(tmp_path / "graph.json"), "--project", str(tmp_path), "--output", str(tmp_path / "plan"), "--cache", "off"]
    stdout = io.StringIO()

    code = plan.main(options, {"GITHUB_OUTPUT": str(tmp_path / "output")}, stdout)

    said = outputs((tmp_path / "output").read_text())
    assert code == 0
    assert {name: json.loads(said[name]) for name in ("plan", "flags", "legs", "sources")} == {
        "plan": {"a": "run", "b": "run"},
        "flags": {},
        "legs": {},
        "sources": {},
    }
    assert said["logical-date"] == ""
    assert stdout.getvalue() == "a: run\nb: run\n"
