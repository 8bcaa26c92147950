"""Which secrets a pipeline declares, and whether they are there before any of its steps runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from orch.errors import SecretError
from orch.model.steps import Step
from orch.runtime import runner
from orch.runtime.redact import Redactor


def declared(steps: Iterable[Step]) -> dict[str, list[str]]:
    """Each secret's name -> the steps that declare it."""
    found: dict[str, list[str]] = {}
    for step in steps:
        for name in step.settings.secrets:
            found.setdefault(name, []).append(step.id)
    return found


def redactor(steps: Iterable[Step], environment: Mapping[str, str]) -> Redactor:
    """For what is written about a whole run: the secrets of all its steps."""
    return Redactor(environment.get(name, "") for name in declared(steps))


def missing(steps: Iterable[Step], environment: Mapping[str, str]) -> Iterator[SecretError]:
    """One error for each declared secret that has no value."""
    for name, ids in declared(steps).items():
        if not environment.get(name):
            if withheld := runner.on_runner(environment) and _withheld(environment):
                hint = f"{withheld}: whoever may write to the repository can run its commit from a branch of the repository itself"
            elif runner.on_runner(environment):
                where = "the repository, or the environment that the step deploys to"
                hint = f"add the secret {name} to {where}; a workflow that calls this one hands it over"
            else:
                hint = f"export {name}=..., or write {name}=... into .env.orch at the root of the repository"
            yield SecretError(f"secret {name!r} is not set, and step {', '.join(map(repr, ids))} declares it", hint=hint)


def _withheld(environment: Mapping[str, str]) -> str:
    """Why GitHub gives this run none of the repository's secrets; empty where it does.

    https://docs.github.com/actions/reference/security/secure-use and its page on Dependabot.
    """
    if not environment.get("GITHUB_EVENT_NAME", "").startswith("pull_request"):
        return ""
    if environment.get("GITHUB_ACTOR") == "dependabot[bot]":
        return "GitHub gives pull requests of Dependabot its own secrets alone (Settings, Secrets, Dependabot)"
    try:
        event = json.loads(Path(environment.get("GITHUB_EVENT_PATH", "")).read_bytes())
        origin = event["pull_request"]["head"]["repo"]["full_name"]
    except (OSError, ValueError, KeyError, TypeError):  # of a fork that was deleted, `repo` is null
        return ""
    return f"GitHub gives a pull request from the fork {origin!r} no secrets" if origin != environment.get("GITHUB_REPOSITORY") else ""
