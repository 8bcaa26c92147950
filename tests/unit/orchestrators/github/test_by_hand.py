from __future__ import annotations

from typing import Any

import pytest

from orch.errors import OrchError
from orch.model.graph import Graph, Output, OutputRef, Step
from orch.model.resources import ResourceSettings
from orch.model.settings import StepSettings
from orch.model.triggers import WorkflowCall
from orch.orchestrators.github.compile import compile_workflow
from orch.workflow.model import Job

PIN = "actions/setup-java@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a"


def graph_of(github: dict[str, Any], *, workflow: dict[str, Any] | None = None, **settings: Any) -> Graph:
    steps = (
        Step("load", "churn.py:load", (), (Output("output"),), settings=StepSettings(github=github, **settings)),
        Step("train", "churn.py:train", (("x", OutputRef("load", "output")),)),
    )
    return Graph("churn", "churn.py:churn", steps, triggers=(WorkflowCall(),), github=workflow or {})


def job_of(github: dict[str, Any], **settings: Any) -> Job:
    return compile_workflow(graph_of(github, **settings)).jobs["load"]


def refused(github: dict[str, Any], **settings: Any) -> OrchError:
    with pytest.raises(OrchError) as raised:
        compile_workflow(graph_of(github, **settings))
    (problem,) = raised.value.problems
    return problem


def test_steps_stand_after_the_checkout_and_after_ours() -> None:
    job = job_of({"before": [{"name": "first", "run": "a"}, {"name": "second", "uses": PIN}], "after": [{"name": "last", "run": "b"}]})

    assert [step.name for step in job.steps] == ["Check out", "first", "second", "Run", "last"]


def test_permissions_join_and_the_wider_one_counts() -> None:
    data = job_of({"permissions": {"contents": "write", "packages": "read"}}).to_data()

    assert {area: str(access) for area, access in data["permissions"].items()} == {
        "actions": "read",
        "contents": "write",
        "packages": "read",
    }
    assert "permissions" not in compile_workflow(graph_of({})).jobs["train"].more


def test_variables_join_and_a_name_that_is_taken_is_refused() -> None:
    job = job_of({"env": {"A": "${{ vars.A }}"}}, secrets=("TOKEN",))

    assert job.environment == {"A": "${{ vars.A }}", "TOKEN": "${{ secrets.TOKEN }}"}
    assert "['env']['TOKEN'] of step 'load'" in refused({"env": {"TOKEN": "x"}}, secrets=("TOKEN",)).message
    assert "environment=" in refused({"env": {"LEVEL": "x"}}, environment=(("LEVEL", "y"),)).message
    assert "that the runner or orch sets" in refused({"env": {"ORCH_STEP": "x"}}).message
    with pytest.raises(OrchError, match=r"github\['env'\]\['GITHUB_TOKEN'\] of pipeline 'churn' is a variable"):
        compile_workflow(graph_of({}, workflow={"env": {"GITHUB_TOKEN": "x"}}))


def test_a_runner_takes_the_place_of_the_one_for_the_resources() -> None:
    assert job_of({"runs-on": ["self-hosted", "gpu"]}).to_data()["runs-on"] == ["self-hosted", "gpu"]
    assert int(job_of({"runs-on": "self-hosted"}, timeout=48 * 3600.0).timeout_minutes) > 360
    assert "beside resources=" in refused({"runs-on": "gpu"}, resources=ResourceSettings(cpu_count=2)).message
    assert "may take" in refused({"runs-on": "ubuntu-24.04-arm"}, timeout=48 * 3600.0).message


def test_two_job_steps_of_one_id_are_refused() -> None:
    assert "two job steps with the id 'a'" in refused({"before": [{"id": "a", "run": "x"}], "after": [{"id": "a", "run": "x"}]}).message
    assert refused({"before": [{"id": "run", "run": "x"}]}).hint == "'run' is the one of ours"


def test_every_fault_is_told_with_its_place_at_once() -> None:
    with pytest.raises(OrchError) as raised:
        compile_workflow(graph_of({"needs": "x", "containr": "y"}, workflow={"jobs": {}}))

    assert [problem.message for problem in raised.value.problems] == [
        "github['jobs'] of pipeline 'churn' is not for you to set",
        "github['needs'] of step 'load' is not for you to set",
        "github['containr'] of step 'load' is unknown: a job has no such key",
    ]
    assert {str(problem.where) for problem in raised.value.problems} == {"churn.py"}


def test_a_called_workflow_asks_for_the_secrets_that_job_steps_read() -> None:
    called = compile_workflow(graph_of({"before": [{"run": "x", "env": {"A": "${{ secrets.LOGIN }}"}}]})).triggers.workflow_call

    assert called is not None
    assert called.secrets == ("LOGIN",)


def test_the_graph_keeps_it_as_plain_data() -> None:
    graph = graph_of({"services": {"db": {"image": "x", "ports": [1]}}}, workflow={"run-name": "x"})

    assert Graph.from_json(graph.to_json()) == graph
    assert compile_workflow(Graph.from_json(graph.to_json())).to_data() == compile_workflow(graph).to_data()
