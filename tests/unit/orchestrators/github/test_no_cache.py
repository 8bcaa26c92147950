"""Whoever starts a workflow that looks for earlier results may say that every step is to run."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.steps import a_graph, a_step

from orch.model.parameters import Kind, Parameter, ParameterType
from orch.model.triggers import RepositoryDispatch, Schedule
from orch.orchestrators.github.compile import compile_workflow
from orch.orchestrators.github.no_cache import no_cache_field, unless_asked
from orch.runtime.inputs import given_parameters
from orch.stacks.settings import Settings
from orch.workflow.model import Input, Uses, Workflow


def parameters(count: int, *names: str) -> tuple[Parameter, ...]:
    whole = ParameterType(Kind.INT, text="int")
    return tuple(Parameter(name, whole, default=1) for name in (*(f"x{number}" for number in range(count)), *names))


def fields(workflow: Workflow) -> list[str]:
    assert workflow.triggers.workflow_dispatch is not None
    return list(workflow.triggers.workflow_dispatch.inputs)


def test_the_form_has_a_checkbox_where_results_are_looked_for() -> None:
    graph = replace(a_graph(a_step("a"), a_step("b", ["a"])), parameters=parameters(1))

    assert no_cache_field(graph, Settings(), "job") == {
        "no_cache": Input("boolean", "run every step, whatever earlier runs have", default=False)
    }
    assert fields(compile_workflow(graph, Settings(cache="plan"))) == ["x0", "no_cache"]
    assert fields(compile_workflow(graph, Settings(cache="off"))) == ["x0"]


def test_the_plan_of_such_a_run_takes_nothing_and_its_result_job_knows() -> None:
    jobs = compile_workflow(a_graph(a_step("a"), a_step("b", ["a"])), Settings(cache="plan")).jobs
    told = {name: step.inputs.get("cache") for name, job in jobs.items() for step in job.steps if isinstance(step, Uses) and step.inputs}

    assert told["orch-plan"] == "${{ inputs.no_cache && 'off' || 'plan' }}"
    assert told["orch-result"] == "${{ inputs.no_cache && 'asked' || 'plan' }}"


@pytest.mark.parametrize(
    ("given", "triggers", "server", "has_field"),
    [
        (parameters(24), (), None, True),
        (parameters(25), (), None, False),
        (parameters(24), (Schedule("5 2 * * *"),), None, False),
        (parameters(9), (), "https://github.acme.com", True),
        (parameters(10), (), "https://github.acme.com", False),
        (parameters(1, "no_cache"), (), None, False),
        (parameters(1, "NO_CACHE"), (), None, False),
    ],
)
def test_inputs_of_the_pipeline_go_before_it(
    given: tuple[Parameter, ...], triggers: tuple[Schedule, ...], server: str | None, has_field: bool
) -> None:
    graph = replace(a_graph(a_step("a"), triggers=triggers), parameters=given)
    settings = Settings(server=server)

    assert bool(no_cache_field(graph, settings, "job")) is has_field
    assert (unless_asked(graph, settings, "run", "look") == "look") is not has_field


def test_a_program_that_starts_it_may_ask_too() -> None:
    graph = a_graph(a_step("a"), triggers=[RepositoryDispatch(["data-arrived"])])

    assert unless_asked(graph, Settings(), "run", "look") == (
        "${{ (inputs.no_cache || github.event.client_payload.no_cache) && 'run' || 'look' }}"
    )


def test_what_was_asked_is_no_parameter() -> None:
    said = {"ORCH_INPUTS": json.dumps({"x0": 5, "no_cache": True})}

    assert given_parameters(parameters(1), said) == {"x0": 5}
    assert given_parameters(parameters(1, "no_cache"), {"ORCH_INPUTS": '{"no_cache": 7}'}) == {"x0": 1, "no_cache": 7}
