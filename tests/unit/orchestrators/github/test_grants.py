from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from support.steps import a_graph, a_step

from orch.model.bindings import OutputRef, Value
from orch.model.concurrency import Concurrency
from orch.model.conditions import Compare
from orch.model.graph import Graph
from orch.model.parameters import Kind, Parameter, ParameterType
from orch.model.settings import StepSettings
from orch.model.steps import Step
from orch.names import gate_job
from orch.orchestrators.github.compile import compile_workflow
from orch.orchestrators.github.grants import check_grants
from orch.workflow.model import Job

PRODUCTION = StepSettings(deploys_to="production")
GATE = "environment-production"


def jobs(graph: Graph) -> dict[str, Job]:
    return dict(compile_workflow(graph).jobs)


def test_steps_that_deploy_to_one_environment_wait_for_one_gate_that_asks_once() -> None:
    made = jobs(a_graph(a_step("a"), a_step("b", ["a"], settings=PRODUCTION), a_step("c", ["a"], settings=PRODUCTION), a_step("d", ["b"])))

    assert list(made)[:2] == ["a", GATE]
    assert (made[GATE].deployment, made[GATE].needs, made[GATE].permissions) == ("production", ("a",), ())
    assert made[GATE].name == "production: b, c"
    assert [name for name, job in made.items() if GATE in job.needs] == ["b", "c", "orch-result"]
    assert [name for name, job in made.items() if job.deployment] == [GATE]


def test_where_no_step_may_be_skipped_by_choice_gates_and_those_behind_them_have_no_conditions_but_githubs_own() -> None:
    made = jobs(a_graph(a_step("a"), a_step("b", ["a"], settings=PRODUCTION)))

    assert {name: job.condition for name, job in made.items() if name != "orch-result"} == {"a": "", GATE: "", "b": ""}


def skippable(name: str, reads: Sequence[str] = (), settings: StepSettings | None = None) -> Step:
    return replace(a_step(name, reads, settings=settings), when=Compare(OutputRef("x", "output"), ">", Value(1)))


def test_a_gate_asks_when_all_that_its_steps_wait_for_has_ended_well_and_not_before() -> None:
    made = jobs(a_graph(a_step("x"), skippable("a"), a_step("b", ["a"], settings=PRODUCTION)))

    assert made[GATE].condition == "${{ !cancelled() && !failure() && needs.a.result == 'success' }}"
    assert made["b"].condition.endswith(f" && needs.a.result == 'success' && needs.{GATE}.result == 'success' }}}}")


def test_a_gate_asks_if_any_of_its_steps_is_to_run() -> None:
    steps = a_step("c", ["a"], settings=PRODUCTION), a_step("d", ["b"], settings=PRODUCTION)
    made = jobs(a_graph(a_step("x"), skippable("a"), skippable("b"), *steps))

    assert made[GATE].needs == ("a", "b")
    assert made[GATE].condition == (
        "${{ (!cancelled() && !failure() && needs.a.result == 'success') || (!cancelled() && !failure() && needs.b.result == 'success') }}"
    )


def test_a_gate_asks_for_a_step_that_waits_for_nothing_whatever_the_others_do() -> None:
    made = jobs(a_graph(a_step("x"), skippable("a"), a_step("b", settings=PRODUCTION), a_step("c", ["a"], settings=PRODUCTION)))

    assert (made[GATE].needs, made[GATE].condition) == (("a",), "${{ !cancelled() && !failure() }}")


def test_a_gate_of_steps_below_each_other_stands_before_the_first() -> None:
    steps = a_step("b", ["a"], settings=PRODUCTION), a_step("c", ["b"]), a_step("d", ["c"], settings=PRODUCTION)
    made = jobs(a_graph(a_step("x"), skippable("a"), *steps))

    assert made[GATE].needs == ("a",)
    assert made[GATE].condition == "${{ !cancelled() && !failure() }}"
    assert GATE in made["d"].needs


def test_a_gate_before_everything_asks_at_once() -> None:
    made = jobs(a_graph(a_step("a", settings=PRODUCTION)))

    assert (made[GATE].needs, made[GATE].condition, made["a"].needs) == ((), "", (GATE,))


WHERE = Parameter("where", ParameterType(Kind.CHOICE, choices=("staging", "production")), default="staging")
BY_WHERE = StepSettings(deploys_by="where")


def test_steps_that_deploy_to_what_a_parameter_says_share_a_gate_that_the_plan_tells_where() -> None:
    graph = replace(a_graph(a_step("a", settings=BY_WHERE), a_step("b", settings=BY_WHERE), a_step("c", ["b"])), parameters=(WHERE,))
    made = jobs(graph)
    gate = made["chosen-environment-where"]

    assert (gate.name, gate.needs) == ("where: a, b", ("orch-plan",))
    assert gate.deployment == "${{ fromJSON(needs.orch-plan.outputs.environments).where }}"
    assert "environments" in made["orch-plan"].outputs
    assert [name for name, job in made.items() if "chosen-environment-where" in job.needs] == ["a", "b", "orch-result"]


def test_a_step_that_needs_what_a_chosen_environment_keeps_is_in_it_itself() -> None:
    graph = replace(a_graph(a_step("a", settings=BY_WHERE._replace(secrets=("KEY",)))), parameters=(WHERE,))
    made = jobs(graph)

    assert made["a"].deployment == "${{ fromJSON(needs.orch-plan.outputs.environments).where }}"
    assert "orch-plan" in made["a"].needs
    assert "chosen-environment-where" not in made


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (ParameterType(Kind.ENVIRONMENT), "step 'a' deploys to what parameter 'where' says, which may be anything"),
        (ParameterType(Kind.STR), "which may be anything: GitHub makes an environment that there is not, and asks nobody for it"),
        (ParameterType(Kind.CHOICE, optional=True, choices=("staging",)), "which may be anything"),
        (ParameterType(Kind.CHOICE, choices=("staging", "${{ x }}")), "parameter 'where' may be '${{ x }}', which is no name"),
    ],
)
def test_a_parameter_chooses_among_environments_that_are_listed(kind: ParameterType, message: str) -> None:
    graph = replace(a_graph(a_step("a", settings=BY_WHERE)), parameters=(Parameter("where", kind, default="staging"),))
    (problem,) = check_grants(graph)

    assert message in problem.message
    assert problem.hint


@pytest.mark.parametrize(
    "settings",
    [
        StepSettings(deploys_to="production", secrets=("DEPLOY_KEY",)),
        StepSettings(deploys_to="production", permissions=(("id-token", "write"),)),
    ],
)
def test_a_step_that_needs_what_the_environment_keeps_is_in_it_itself(settings: StepSettings) -> None:
    made = jobs(a_graph(a_step("a", settings=settings)))

    assert made["a"].deployment == "production"
    assert GATE not in made


def test_each_environment_has_a_gate_of_its_own_with_an_id_that_github_takes() -> None:
    made = jobs(
        a_graph(a_step("a", settings=StepSettings(deploys_to="staging")), a_step("b", settings=StepSettings(deploys_to="EU / prod")))
    )

    assert [name for name in made if name.startswith("environment-")] == ["environment-staging", "environment-EU-prod-c8acb6"]
    assert gate_job("EU / prod") != gate_job("EU-prod") != gate_job("EU prod")


def test_a_permission_is_of_the_one_job_whose_step_asks_for_it() -> None:
    made = jobs(a_graph(a_step("a", settings=StepSettings(permissions=(("id-token", "write"), ("packages", "read")))), a_step("b", ["a"])))

    areas = {name: {each.area: each.access for each in job.permissions} for name, job in made.items()}
    assert areas["a"] == {"actions": "read", "contents": "read", "id-token": "write", "packages": "read"}
    assert not any("id-token" in each or "packages" in each for name, each in areas.items() if name != "a")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (StepSettings(permissions=(("id_token", "write"),)), "step 'a' asks for the permission 'id_token', which GitHub does not have"),
        (StepSettings(permissions=(("id-token", "read"),)), "step 'a' asks for 'id-token': 'read', expected 'write'"),
        (StepSettings(permissions=(("issues", "admin"),)), "step 'a' asks for 'issues': 'admin', expected 'read' or 'write'"),
        (StepSettings(deploys_to="${{ inputs.x }}"), "step 'a' deploys to '${{ inputs.x }}', which is no name of an environment"),
        (StepSettings(deploys_to=" a"), "step 'a' deploys to ' a', which is no name of an environment"),
    ],
)
def test_what_github_does_not_have_is_refused(settings: StepSettings, message: str) -> None:
    assert [problem.message for problem in check_grants(a_graph(a_step("a", settings=settings)))] == [message]


def test_runs_wait_for_those_of_their_branch_unless_the_pipeline_says_otherwise() -> None:
    own = compile_workflow(a_graph(pipeline="churn")).concurrency
    named = compile_workflow(replace(a_graph(), concurrency=Concurrency("deploys"))).concurrency
    newest = compile_workflow(replace(a_graph(pipeline="churn"), concurrency=Concurrency(cancel_in_progress=True))).concurrency

    assert own.group == "orch-churn-${{ github.event_name == 'workflow_dispatch' && github.run_id || github.ref }}"
    assert (named.group, named.cancel_in_progress) == ("deploys", False)
    assert (newest.group, newest.cancel_in_progress) == (own.group, True)


@pytest.mark.parametrize("group", ["", " ", "${{ github.ref }}", "a\nb"])
def test_a_group_is_a_name(group: str) -> None:
    (problem,) = check_grants(replace(a_graph(), concurrency=Concurrency(group)))

    assert problem.message == f"pipeline 'p' has the concurrency group {group!r}, which is no name"


def test_environments_that_differ_in_case_alone_are_one_to_github() -> None:
    graph = a_graph(a_step("a", settings=PRODUCTION), a_step("b", settings=StepSettings(deploys_to="Production")))

    (problem,) = check_grants(graph)

    assert problem.message == "environments 'production' and 'Production', which step 'b' deploys to, are one to GitHub, which ignores case"
