"""The third-party actions that generated workflows and our own action use: the reviewed commit, and what it takes."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources

from orch.errors import OrchError, UnsupportedError
from orch.workflow.model import ActionRef, Uses, Workflow


@dataclass(frozen=True, slots=True)
class KnownAction:
    """`inputs`, `required` and `outputs` are names from the `action.yml` at `source`.

    https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax#inputs
    """

    ref: ActionRef
    source: str
    inputs: frozenset[str]
    required: frozenset[str]
    outputs: frozenset[str]


@functools.cache
def known_actions() -> Mapping[str, KnownAction]:
    """By `owner/repository`."""
    data = json.loads(resources.files("orch.workflow").joinpath("actions.json").read_text(encoding="utf-8"))
    return {
        name: KnownAction(
            ActionRef(name, entry["sha"], entry["version"]),
            entry["source"],
            frozenset(entry["inputs"]),
            frozenset(entry["required"]),
            frozenset(entry["outputs"]),
        )
        for name, entry in data["actions"].items()
    }


def check_inputs(uses: str, given: Iterable[str]) -> Iterator[OrchError]:
    """What is wrong with the `with:` keys `given` to `uses` (as `owner/repository@commit`), if the action is a known one."""
    action = known_actions().get(uses.partition("@")[0])
    if action is None:
        return
    names = set(given)
    for name in sorted(names - action.inputs):
        yield UnsupportedError(f"{action.ref.name!r} has no input {name!r}", hint=f"it takes {', '.join(sorted(action.inputs))}")
    for name in sorted(action.required - names):
        yield UnsupportedError(f"{action.ref.name!r} needs the input {name!r}", hint=f"see {action.source}")


def check_actions(workflow: Workflow) -> list[OrchError]:
    """Every input that `workflow` passes to a known action and that the action does not have, or lacks and needs."""
    used = {(step.action.name, tuple(step.inputs)) for job in workflow.jobs.values() for step in job.steps if isinstance(step, Uses)}
    return [problem for name, inputs in sorted(used) for problem in check_inputs(name, inputs)]
