"""DockerSettings: what is refused, what the nearest key was, and whose word counts."""

from __future__ import annotations

from typing import Any

import pytest

from orch.model import canonical
from orch.model.docker import RUN_ARGS, DockerSettings

EVERYTHING = DockerSettings(
    parent_image="registry.example:5000/team/image@sha256:" + "a" * 64,
    environment={"B": "2", "A": "1"},
    user="1000:1000",
    network="host",
    volumes=["models:/models:ro", "/srv/data:/data"],  # type: ignore[arg-type] # as people write it
    run_args={"shm_size": "1g", "cap_add": ["SYS_PTRACE"], "privileged": True},
)


@pytest.mark.parametrize("settings", [DockerSettings(), EVERYTHING])
def test_settings_survive_the_graph_file(settings: DockerSettings) -> None:
    assert DockerSettings.from_json(canonical.loads(canonical.dumps(settings.to_json()))) == settings


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"parent_imge": "x"}, "docker has no 'parent_imge'; did you mean 'parent_image'"),
        ({"dockerfile": "x"}, "docker has no 'dockerfile'; it has parent_image"),
        ({"parent_image": "Not An Image"}, "parent_image is 'Not An Image'"),
        ({"parent_image": ""}, "parent_image is ''"),
        ({"parent_image": "-v"}, "parent_image is '-v'"),
        ({"user": "a b"}, "user is 'a b'"),
        ({"network": "--help"}, "network is '--help'"),
        ({"volumes": "data:/data"}, "volumes is 'data:/data', expected a list"),
        ({"volumes": ["./data:/data"]}, "volumes is './data:/data'"),
        ({"volumes": ["data:relative"]}, "volumes is 'data:relative'"),
        ({"environment": {"A": 1}}, "environment is {'A': 1}"),
        ({"environment": {"A=B": "1"}}, "environment has 'A=B'"),
        ({"run_args": {"shmsize": "1g"}}, "did you mean 'shm_size'"),
        ({"run_args": {"mem_limit": "1g"}}, r"say it with resources=ResourceSettings\(memory=...\)"),
        ({"run_args": {"name": "mine"}}, "run_args has 'name'"),
        ({"run_args": {"tmpfs": {"/run": object()}}}, "expected plain data"),
        ("python:3.12", r"expected DockerSettings\(...\)"),
    ],
)
def test_what_no_container_can_be_is_refused_with_what_was_meant(given: Any, told: str) -> None:
    with pytest.raises((TypeError, ValueError), match=told):
        DockerSettings.of(given)


def test_what_is_said_closer_to_the_step_counts() -> None:
    stack = DockerSettings(parent_image="stack", environment={"A": "stack", "B": "stack"}, user="caller", run_args={"shm_size": "1g"})
    step = DockerSettings(parent_image="step", environment={"A": "step"}, volumes=("data:/data",))

    assert step.over(stack) == DockerSettings(
        parent_image="step",
        environment={"A": "step", "B": "stack"},
        user="caller",
        volumes=("data:/data",),
        run_args={"shm_size": "1g"},
    )
    assert step.over(None) == step


def test_what_the_sdk_takes_and_is_not_said_elsewhere_can_be_given() -> None:
    models = pytest.importorskip("docker.models.containers")
    taken = {*models.RUN_CREATE_KWARGS, *models.RUN_HOST_CONFIG_KWARGS, "ports"}

    assert taken >= RUN_ARGS
