"""Which secrets a pipeline declares, and whether they are there before any of its steps runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

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
            if runner.on_runner(environment):
                hint = f"add the secret {name} to the repository, and let the workflow pass it on"
            else:
                hint = f"export {name}=..., or write {name}=... into .env.orch at the root of the repository"
            yield SecretError(f"secret {name!r} is not set, and step {', '.join(map(repr, ids))} declares it", hint=hint)
