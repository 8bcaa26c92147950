"""Options that say what a workflow waits for and what its jobs may do."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.modules import graph_of, problems_of

from orch.model.concurrency import Concurrency
from orch.model.graph import Graph
from orch.model.parameters import Kind

CODE = """
    from orch import Concurrency, Environment

    @step({step})
    def deploy(where: str) -> None: ...

    @pipeline({pipeline})
    def p(where: Environment = "staging", other: Environment | None = None) -> None:
        deploy(where)
"""


def code(*, step: str = "name='deploy'", pipeline: str = "name='p'") -> str:
    return CODE.format(step=step, pipeline=pipeline)


def test_what_a_step_and_its_pipeline_ask_for_is_in_the_graph(tmp_path: Path) -> None:
    step = 'deploys_to="production", permissions={"packages": "read", "id-token": "write"}'
    graph = graph_of(tmp_path, code(step=step, pipeline='concurrency=Concurrency("deploys", cancel_in_progress=True)'))

    assert graph["deploy"].settings.deploys_to == "production"
    assert graph["deploy"].settings.permissions == (("id-token", "write"), ("packages", "read"))
    assert graph.concurrency == Concurrency("deploys", cancel_in_progress=True)
    assert Graph.from_json(graph.to_json()) == graph


def test_a_call_may_ask_for_something_else(tmp_path: Path) -> None:
    changed = code(step='deploys_to="staging"').replace("deploy(where)", 'deploy.with_options(deploys_to="production")(where)')

    assert graph_of(tmp_path, changed)["deploy"].settings.deploys_to == "production"


def test_a_parameter_chooses_what_a_call_deploys_to(tmp_path: Path) -> None:
    chosen = code(step='deploys_to="staging"').replace("deploy(where)", "deploy.with_options(deploys_to=where)(where)")
    settings = graph_of(tmp_path, chosen)["deploy"].settings

    assert (settings.deploys_to, settings.deploys_by) == (None, "where")


def test_a_parameter_may_be_an_environment(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, code())

    assert [(parameter.type.kind, parameter.type.optional) for parameter in graph.parameters] == [
        (Kind.ENVIRONMENT, False),
        (Kind.ENVIRONMENT, True),
    ]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ('environment="production"', "an environment of GitHub's is deploys_to='production'"),
        ('deploys_to=""', "deploys_to is '', expected the name of an environment of the repository on GitHub"),
        ('deploys_to=["a"]', "deploys_to is ['a'], expected the name of an environment"),
        ('permissions=["id-token"]', """permissions is ['id-token'], expected areas and what is allowed there, as {"id-token": "write"}"""),
        ('permissions={"id-token": True}', "permissions is {'id-token': True}, expected areas"),
    ],
)
def test_an_option_of_another_form_is_told_with_the_one_it_has(tmp_path: Path, step: str, message: str) -> None:
    (problem,) = problems_of(tmp_path, code(step=step))

    assert message in problem.message


def test_concurrency_is_one(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, code(pipeline='concurrency="deploys"'))

    assert problem.message == "concurrency is 'deploys'"
    assert problem.hint == 'as Concurrency(group="deploys") or Concurrency(cancel_in_progress=True)'


def test_what_is_no_trigger_is_told_with_those_that_are(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, code(pipeline='triggers=["push"]'))

    assert problem.message == "'push' is not a trigger"
    assert problem.hint == (
        "triggers are Schedule(...), Push(...), PullRequest(...), MergeGroup(...), RepositoryDispatch(...), WorkflowCall(...)"
    )
