from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.steps import a_step

from orch.model.canonical import Json
from orch.model.settings import StepSettings
from orch.runtime.secrets import missing

STEP = a_step("deploy", settings=StepSettings(secrets=("DEPLOY_KEY",)))


def hint(tmp_path: Path, event: Json = None, **variables: str) -> str:
    (tmp_path / "event.json").write_text(json.dumps(event))
    job = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/models", "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}
    (problem,) = missing([STEP], job | {"DEPLOY_KEY": ""} | variables)
    assert problem.message == "secret 'DEPLOY_KEY' is not set, and step 'deploy' declares it"
    return problem.hint or ""


def of_fork(name: str) -> Json:
    return {"pull_request": {"head": {"repo": {"full_name": name}}}}


def test_a_secret_that_is_there_is_not_missing() -> None:
    assert list(missing([STEP], {"DEPLOY_KEY": "x"})) == []


def test_a_pull_request_of_a_fork_is_told_that_github_gives_it_no_secrets(tmp_path: Path) -> None:
    said = hint(tmp_path, of_fork("mallory/models"), GITHUB_EVENT_NAME="pull_request")

    assert said.startswith("GitHub gives a pull request from the fork 'mallory/models' no secrets")


def test_dependabot_has_secrets_of_its_own(tmp_path: Path) -> None:
    said = hint(tmp_path, of_fork("acme/models"), GITHUB_EVENT_NAME="pull_request", GITHUB_ACTOR="dependabot[bot]")

    assert said.startswith("GitHub gives pull requests of Dependabot its own secrets alone")


@pytest.mark.parametrize("event", [of_fork("acme/models"), None, {}, {"pull_request": {"head": {"repo": None}}}])
def test_any_other_run_is_told_where_the_secret_goes(tmp_path: Path, event: Json) -> None:
    assert hint(tmp_path, event, GITHUB_EVENT_NAME="pull_request").startswith("add the secret DEPLOY_KEY to the repository")
    assert hint(tmp_path, event, GITHUB_EVENT_NAME="push").startswith("add the secret DEPLOY_KEY to the repository")


def test_on_a_laptop_it_is_exported() -> None:
    (problem,) = missing([STEP], {})

    assert problem.hint == "export DEPLOY_KEY=..., or write DEPLOY_KEY=... into .env.orch at the root of the repository"
