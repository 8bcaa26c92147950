"""What a container is made with, as data."""

from __future__ import annotations

import pytest

from orch.model.docker import DockerSettings
from orch.model.resources import ResourceSettings
from orch.runtime.execute import Order, Setup
from orch.runtime.parcels import Parcel
from orch.targets.containers import ENTRYPOINT, arguments, owner
from orch.targets.contract import Spec

SETUP = Setup("/orch/project", "/orch/project", "/orch/made/store", "", "run", "churn", "manual", 1, {}, True, [])
PARCEL = Parcel("orch-run-a-a1-t1", SETUP, Order({"id": "a"}, {}), environment={"LEVEL": "2"}, secrets={"TOKEN": "s3cret"})
ACCOUNTS = "root:x:0:0::/root:/bin/bash\nworker:x:1001:1002::/home/worker:/bin/sh\n\n# a comment\n"
GROUPS = "root:x:0:\nstaff:x:50:\n"


def test_no_secret_is_among_what_can_be_inspected() -> None:
    found = arguments(PARCEL, Spec("sha256:1", "python", DockerSettings()), {"orch.run": "run"}, None)

    assert "s3cret" not in repr(found)
    assert "TOKEN" not in repr(found)
    assert found["environment"]["LEVEL"] == "2"


def test_the_step_s_word_goes_before_the_settings_and_ours_before_run_args() -> None:
    settings = DockerSettings(environment={"LEVEL": "1", "MODE": "x"}, run_args={"shm_size": "1g"}, network="host", volumes=("data:/data",))

    found = arguments(PARCEL, Spec("sha256:1", "python", settings), {}, "1:1")

    assert found["environment"] | {"LEVEL": "2", "MODE": "x"} == found["environment"]
    assert (found["image"], found["entrypoint"], found["init"], found["user"]) == ("sha256:1", ENTRYPOINT, True, "1:1")
    assert (found["shm_size"], found["network_mode"], found["volumes"]) == ("1g", "host", ["data:/data"])


def test_resources_are_limits_and_memory_is_not_swapped_beyond_them() -> None:
    spec = Spec("sha256:1", "python", DockerSettings(), ResourceSettings(cpu_count=0.5, gpu_count=2, memory="64MiB"))

    found = arguments(PARCEL, spec, {}, None)

    assert (found["nano_cpus"], found["mem_limit"], found["memswap_limit"]) == (500_000_000, 64 << 20, 64 << 20)
    assert [(each["Count"], each["Capabilities"]) for each in found["device_requests"]] == [(2, [["gpu"]])]


@pytest.mark.parametrize(
    ("user", "numbers"),
    [
        ("0", (0, 0)),
        ("root", (0, 0)),
        ("worker", (1001, 1002)),
        ("1001", (1001, 1002)),
        ("4711", (4711, 0)),
        ("4711:4712", (4711, 4712)),
        ("worker:staff", (1001, 50)),
        ("nobody", None),
        ("worker:wheel", None),
    ],
)
def test_whom_a_container_runs_as_is_known_by_numbers(user: str, numbers: tuple[int, int] | None) -> None:
    assert owner(user, ACCOUNTS, GROUPS) == numbers
