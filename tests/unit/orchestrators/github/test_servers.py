from __future__ import annotations

import pytest
from support.steps import a_graph, a_step

from orch.errors import OrchError
from orch.model.parameters import Kind, Parameter, ParameterType
from orch.model.triggers import Schedule
from orch.names import workflow_path
from orch.orchestrators.github.compile import compile_workflow, files
from orch.orchestrators.github.servers import check_server
from orch.stacks.settings import Settings, Stack

GRAPH = a_graph(a_step("a"), a_step("b", ["a"]))
OURS = "orch-dev/orch-action"
OWN = "https://github.acme.test"


def uses(actions: dict[str, str]) -> set[str]:
    text = files(GRAPH, Settings(actions=actions))[workflow_path("p")]
    return {line.split("uses: ")[1].partition("@")[0].split(" #")[0] for line in text.splitlines() if "uses: " in line}


@pytest.mark.parametrize(
    ("actions", "used"),
    [
        ({}, {"actions/checkout", OURS, f"{OURS}/actions/result"}),
        ({"actions/checkout": "acme/checkout"}, {"acme/checkout", OURS, f"{OURS}/actions/result"}),
        ({OURS: "acme/orch"}, {"actions/checkout", "acme/orch", "acme/orch/actions/result"}),
        ({OURS: "./vendor/orch"}, {"actions/checkout", "./vendor/orch", "./vendor/orch/actions/result"}),
        ({"actions/*": "mirror/*", "actions/checkout": "acme/checkout"}, {"acme/checkout", OURS, f"{OURS}/actions/result"}),
        ({"orch-dev/*": "mirror/*"}, {"actions/checkout", "mirror/orch-action", "mirror/orch-action/actions/result"}),
    ],
)
def test_every_action_comes_from_its_mirror(actions: dict[str, str], used: set[str]) -> None:
    assert uses(actions) == used


def test_a_mirror_is_used_at_the_commit_of_the_original() -> None:
    (original,) = {line.strip() for line in files(GRAPH)[workflow_path("p")].splitlines() if "actions/checkout@" in line}
    text = files(GRAPH, Settings(actions={"actions/checkout": "acme/checkout"}))[workflow_path("p")]

    assert original.replace("actions/checkout", "acme/checkout") in text


def messages(server: str | None, **options: object) -> list[str]:
    many = [Parameter(f"x{number}", ParameterType(Kind.INT, text="int"), default=1) for number in range(11)]
    graph = a_graph(parameters=many, triggers=[Schedule("5 2 * * *", "Europe/Berlin"), Schedule("5 3 * * *")])
    return [problem.message for problem in check_server(graph, Settings(server=server, **options))]  # type: ignore[arg-type]


@pytest.mark.parametrize("server", [None, "https://github.com", "https://acme.ghe.com"])
def test_github_itself_has_everything(server: str | None) -> None:
    assert messages(server) == []


def test_an_enterprise_server_is_told_what_it_does_not_do() -> None:
    said = messages("https://github.acme.test")

    assert said == [
        f"{OWN} is a GitHub Enterprise Server, which does not have the artifact service that passes values from job to job",
        "pipeline 'p' has a schedule in 'Europe/Berlin', and https://github.acme.test reads all in UTC",
        "pipeline 'p' has 12 inputs, https://github.acme.test takes 10",
    ]
    stacks = {"ci": Stack("github", "s3://bucket/path")}
    assert messages("https://github.acme.test", stacks=stacks) == said[1:]
    with pytest.raises(OrchError):
        compile_workflow(GRAPH, Settings(server="https://github.acme.test"))
