"""Which steps run elsewhere, and what is asked for them."""

from __future__ import annotations

import pytest

from orch.model.docker import DockerSettings
from orch.model.graph import Graph, Step
from orch.model.resources import ResourceSettings
from orch.model.settings import StepSettings
from orch.orchestrators.local.away import Placement, placed, unsupported

DOCKER = Placement("docker", DockerSettings(parent_image="stack", user="caller"))


def graph(*settings: StepSettings) -> Graph:
    return Graph("churn", "pipeline.py:churn", tuple(Step(f"s{n}", "pipeline.py:f", settings=each) for n, each in enumerate(settings)))


def test_a_stack_is_for_the_steps_that_name_no_target() -> None:
    own = StepSettings(target="docker", docker=DockerSettings(parent_image="own"))

    found = placed(graph(StepSettings(), StepSettings(target="local"), own), DOCKER).steps

    assert [step.settings.target for step in found] == ["docker", "local", "docker"]
    assert [step.settings.docker for step in found] == [
        DOCKER.docker,
        None,
        DockerSettings(parent_image="own", user="caller"),
    ]


def test_without_a_stack_that_says_so_nothing_runs_elsewhere() -> None:
    assert placed(graph(StepSettings()), Placement()) == graph(StepSettings())


def test_targets_that_do_not_exist_are_named() -> None:
    (problem,) = unsupported(graph(StepSettings(target="podman"), StepSettings(target="docker")))

    assert "'podman', which does not exist" in problem.message


@pytest.mark.parametrize("memory", ["0B", "1KiB", "6MB"])
def test_less_memory_than_any_engine_gives_is_refused_before_a_run(memory: str) -> None:
    problems = unsupported(graph(StepSettings(target="docker", resources=ResourceSettings(memory=memory))))

    assert len(problems) == (memory != "6MB")
