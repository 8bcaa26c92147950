from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orch.runtime.here import Here

BASE = {
    "GITHUB_REPOSITORY": "acme/churn",
    "GITHUB_WORKFLOW_REF": "acme/churn/.github/workflows/p.yml@refs/heads/main",
    "GITHUB_RUN_ID": "99",
    "GITHUB_REF_NAME": "feature",
    "GITHUB_REF_TYPE": "branch",
}
DEFAULT = {"repository": {"default_branch": "main"}}


def pull_request(repository: Any) -> dict[str, Any]:
    return DEFAULT | {"pull_request": {"head": {"ref": "topic", "repo": repository}}}


PULL = {"GITHUB_HEAD_REF": "topic", "GITHUB_BASE_REF": "release", "GITHUB_REF_NAME": "7/merge", "GITHUB_EVENT_NAME": "pull_request"}


@pytest.mark.parametrize(
    ("said", "event", "branches"),
    [
        ({}, DEFAULT, ("main", "feature")),
        ({"GITHUB_REF_NAME": "main"}, DEFAULT, ("main",)),
        ({"GITHUB_REF_NAME": "v1", "GITHUB_REF_TYPE": "tag"}, DEFAULT, ("main",)),
        ({"GITHUB_EVENT_NAME": "schedule", "GITHUB_REF_NAME": "main"}, {}, ("main",)),
        (PULL, pull_request({"full_name": "Acme/Churn"}), ("main", "release", "topic")),
        (PULL, pull_request({"full_name": "mallory/churn"}), ("main", "release")),
        (PULL, pull_request(None), ("main", "release")),
        ({}, [], ("feature",)),
    ],
)
def test_this_branch_the_base_and_the_default_are_trusted_and_no_branch_of_a_fork(
    said: dict[str, str], event: Any, branches: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "event.json").write_text(json.dumps(event))

    here = Here.of(BASE | said | {"GITHUB_EVENT_PATH": str(tmp_path / "event.json")})

    assert here.branches == branches
    assert (here.repository, here.workflow, here.run, here.attempt) == ("acme/churn", ".github/workflows/p.yml", "99", 1)
    assert here.trust.branches == frozenset(branches)


def test_outside_of_a_job_nothing_is_trusted() -> None:
    assert Here.of({}).branches == ()
