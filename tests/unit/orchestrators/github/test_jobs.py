from __future__ import annotations

from typing import Any

import pytest
from support.steps import a_graph, a_step

from orch.errors import LimitError, UnsupportedError
from orch.model.graph import Graph
from orch.model.parameters import Kind, Parameter, ParameterType
from orch.model.resources import ResourceSettings
from orch.model.retry import StepRetryConfig
from orch.model.settings import StepSettings
from orch.model.steps import OutputRef, ParameterRef, Step
from orch.orchestrators.github.durations import job_minutes
from orch.orchestrators.github.jobs import check_steps, jobs_of
from orch.orchestrators.github.pins import Pins
from orch.stacks.settings import Retention, Runner, Settings
from orch.workflow.model import Job, Uses

ROWS = Parameter("rows", ParameterType(Kind.INT, text="int"), default=1)


def jobs(graph: Graph, settings: Settings | None = None) -> dict[str, Job]:
    return jobs_of(graph, settings or Settings(cache="off"), Pins())


def our_inputs(job: Job) -> dict[str, Any]:
    action = job.steps[-1]
    assert isinstance(action, Uses)
    return dict(action.inputs)


def test_each_step_is_a_job_and_the_last_job_needs_them_all() -> None:
    made = jobs(a_graph(a_step("a"), a_step("b", ["a"]), a_step("c", ["b"], after=["a"])))

    assert {name: job.needs for name, job in made.items()} == {"a": (), "b": ("a",), "c": ("b",), "orch-result": ("a", "b", "c")}


def test_the_last_job_always_runs_and_no_other_does() -> None:
    made = jobs(a_graph(a_step("a"), a_step("b", ["a"])))

    assert made["orch-result"].condition == "${{ always() }}"
    assert made["orch-result"].name == "p / result"
    assert not any("always()" in job.condition for name, job in made.items() if name != "orch-result")


def test_a_job_may_read_artifacts_only_if_its_step_reads_outputs() -> None:
    made = jobs(a_graph(a_step("a"), a_step("b", ["a"]), a_step("c", after=["a"])))

    areas = {name: [permission.area for permission in job.permissions] for name, job in made.items()}
    assert areas == {"a": ["contents"], "b": ["contents", "actions"], "c": ["contents"], "orch-result": ["contents", "actions"]}
    assert {permission.access for job in made.values() for permission in job.permissions} == {"read"}


def test_jobs_are_told_that_pickles_are_forbidden() -> None:
    graph = a_graph(a_step("a"), a_step("b", ["a"]))

    assert {name: our_inputs(job).get("pickle") for name, job in jobs(graph).items()} == {"a": None, "b": None, "orch-result": None}
    made = jobs(graph, Settings(cache="off", pickle="forbid"))
    assert {name: our_inputs(job).get("pickle") for name, job in made.items()} == {"a": "forbid", "b": "forbid", "orch-result": None}


def test_a_checkout_leaves_no_credentials_behind() -> None:
    for job in jobs(a_graph()).values():
        checkout = job.steps[0]
        assert isinstance(checkout, Uses)
        assert checkout.inputs == {"persist-credentials": False}


def test_the_action_is_told_what_the_step_reads() -> None:
    both = Step("c", "pipeline.py:c", (("x", OutputRef("b", "output")), ("y", OutputRef("a", "output")), ("rows", ParameterRef("rows"))))
    made = jobs(a_graph(a_step("a"), a_step("b", ["a"]), both, parameters=[ROWS]))

    assert our_inputs(made["a"]) == {"pipeline": "p", "step": "a"}
    assert our_inputs(made["b"]) == {"pipeline": "p", "step": "b", "inputs": "a"}
    assert our_inputs(made["c"]) == {"pipeline": "p", "step": "c", "inputs": "{a,b}", "parameters": "${{ toJSON(inputs) }}"}
    assert our_inputs(made["orch-result"]) == {
        "pipeline": "p",
        "needs": "${{ toJSON(needs) }}",
        "parameters": "${{ toJSON(inputs) }}",
    }


def test_a_secret_is_seen_by_the_job_that_declares_it_alone() -> None:
    made = jobs(a_graph(a_step("a", settings=StepSettings(secrets=("B", "A"))), a_step("b", ["a"])))

    assert made["a"].environment == {"A": "${{ secrets.A }}", "B": "${{ secrets.B }}"}
    assert made["b"].environment == made["orch-result"].environment == {}


def test_days_are_named_where_they_differ_from_the_actions_own() -> None:
    graph = a_graph(a_step("a"), a_step("b", settings=StepSettings(keep=True)))

    made = jobs(graph)
    assert "retention-days" not in our_inputs(made["a"])
    assert our_inputs(made["b"])["retention-days"] == "30"

    made = jobs(graph, Settings(retention=Retention(outputs=3, records=5, keep=1)))
    assert [our_inputs(made[name]).get("retention-days") for name in ("a", "b")] == ["3", None]
    assert {our_inputs(job)["record-retention-days"] for job in made.values()} == {"5"}


@pytest.mark.parametrize(
    ("settings", "minutes"),
    [
        (StepSettings(), 60),
        (StepSettings(retry=StepRetryConfig(5)), 60),
        (StepSettings(timeout=1), 11),
        (StepSettings(timeout=7200), 130),
        (StepSettings(timeout=600, retry=StepRetryConfig(2, delay=30, backoff=2)), 42),
    ],
)
def test_a_job_has_time_for_all_tries_of_its_step(settings: StepSettings, minutes: int) -> None:
    assert job_minutes(a_step("a", settings=settings)) == minutes


def test_a_job_that_would_outlive_githubs_limit_is_refused() -> None:
    step = a_step("a", settings=StepSettings(timeout=6 * 3600, retry=StepRetryConfig(1)))

    (problem,) = check_steps(a_graph(step), Settings())

    assert isinstance(problem, LimitError)
    assert problem.message == "step 'a' may take 730 minutes with 1 retries, a job on 'ubuntu-24.04' ends after 360"
    assert list(check_steps(a_graph(step), Settings(runners=(Runner("mine"), Runner("ubuntu-24.04"))))) == []


@pytest.mark.parametrize(
    ("resources", "label"),
    [
        (None, "ubuntu-24.04"),
        (ResourceSettings(cpu_count=4, memory="16GB"), "ubuntu-24.04"),
        (ResourceSettings(cpu_count=4.5), "big"),
        (ResourceSettings(memory="16GiB"), "big"),
        (ResourceSettings(gpu_count=1), "gpu"),
        (ResourceSettings(gpu_count=0), "ubuntu-24.04"),
    ],
)
def test_a_step_takes_the_first_runner_that_has_what_it_asks_for(resources: ResourceSettings | None, label: str) -> None:
    runners = (Runner("big", cpu_count=16, memory="64GB"), Runner("gpu", cpu_count=8, gpu_count=1, memory="64GB"))
    graph = a_graph(a_step("a", settings=StepSettings(resources=resources)))

    assert jobs(graph, Settings(runners=runners))["a"].runs_on == label


def test_the_last_job_runs_on_the_cheapest_runner() -> None:
    assert jobs(a_graph())["orch-result"].runs_on == "ubuntu-slim"
    assert jobs(a_graph(), Settings(result_runner="our-own"))["orch-result"].runs_on == "our-own"


def test_resources_that_no_runner_has_are_refused_with_the_lines_to_add() -> None:
    step = a_step("a", settings=StepSettings(resources=ResourceSettings(gpu_count=1, memory="8GB")))

    (problem,) = check_steps(a_graph(step), Settings())

    assert isinstance(problem, UnsupportedError)
    assert problem.message == "step 'a' asks for gpu_count=1 and memory='8GB', which no runner has (ubuntu-24.04)"
    assert problem.hint.endswith("runners:\n  - {label: LABEL, gpu_count: 1, memory: 8GB}")


def test_all_problems_of_all_steps_are_told_at_once() -> None:
    graph = a_graph(
        a_step("a", settings=StepSettings(target="mainframe", secrets=("GITHUB_X", "a b"))),
        a_step("b", settings=StepSettings(target="local")),
        a_step("c", settings=StepSettings(resources=ResourceSettings(cpu_count=64))),
    )

    assert [problem.message.split(", which")[0] for problem in check_steps(graph, Settings())] == [
        "step 'a' has the target 'mainframe'",
        "step 'a' wants the secret 'GITHUB_X'",
        "step 'a' wants the secret 'a b'",
        "step 'c' asks for cpu_count=64",
    ]


def test_secrets_that_differ_in_case_alone_are_one_to_github() -> None:
    graph = a_graph(
        a_step("a", settings=StepSettings(secrets=("TOKEN", "github_token"))), a_step("b", settings=StepSettings(secrets=("token",)))
    )

    assert [problem.message for problem in check_steps(graph, Settings())] == [
        "step 'a' wants the secret 'github_token', which is not a name that GitHub takes",
        "secrets 'TOKEN' and 'token', which step 'b' wants, are one to GitHub, which ignores case",
    ]


def test_a_secret_may_be_wanted_twice_and_the_token_of_the_job_is_one() -> None:
    settings = StepSettings(secrets=("TOKEN", "GITHUB_TOKEN"))

    assert not list(check_steps(a_graph(a_step("a", settings=settings), a_step("b", settings=settings)), Settings()))
