from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.steps import a_graph, a_step

from orch.errors import ParameterError
from orch.model.parameters import Kind, Parameter, ParameterType
from orch.model.settings import StepSettings
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
    assert (said["logical-date"], said["environments"]) == ("", "{}")
    assert stdout.getvalue() == "a: run\nb: run\n"


WHERE = Parameter("where", ParameterType(Kind.CHOICE, choices=("staging", "production")), default="staging")


@pytest.mark.parametrize(("inputs", "told"), [("{}", "staging"), ('{"where": "production"}', "production"), ('{"where": ""}', "staging")])
def test_the_plan_tells_which_environment_a_parameter_chooses(tmp_path: Path, inputs: str, told: str) -> None:
    assert json.loads(chosen(tmp_path, inputs)["environments"]) == {"where": told}


@pytest.mark.parametrize("where", ["PRODUCTION", "other", "production "])
def test_an_environment_that_is_none_of_the_choices_ends_the_run_before_anything(tmp_path: Path, where: str) -> None:
    with pytest.raises(ParameterError, match="where"):
        chosen(tmp_path, json.dumps({"where": where}))


def chosen(folder: Path, inputs: str) -> dict[str, str]:
    graph = replace(a_graph(a_step("a", settings=StepSettings(deploys_by="where"))), parameters=(WHERE,))
    (folder / "graph.json").write_text(graph.text())
    options = ["--graph", str(folder / "graph.json"), "--project", str(folder), "--output", str(folder / "plan"), "--cache", "off"]
    plan.main(options, {"GITHUB_OUTPUT": str(folder / "output"), "ORCH_INPUTS": inputs}, io.StringIO())
    return outputs((folder / "output").read_text())
