"""Which runner a step's job asks for."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

from orch.errors import UnsupportedError
from orch.model.canonical import Json
from orch.model.resources import ResourceSettings, memory_bytes
from orch.model.steps import Step
from orch.stacks.settings import FILE, Runner

_LABEL: Final = re.compile(r"[A-Za-z0-9_.-]+")


def runner_for(step: Step, runners: Sequence[Runner]) -> Runner | None:
    """The one that the step names in `github=`, else the first of `runners` that has what it asks for."""
    if "runs-on" in step.settings.github:
        return _named(step.settings.github["runs-on"], runners)
    asked = step.settings.resources or ResourceSettings()
    return next((runner for runner in runners if _satisfies(runner, asked)), None)


def check_runner(step: Step, runners: Sequence[Runner]) -> UnsupportedError | None:
    """What the step asks for and no runner has, with the lines of `orch.yaml` that would add one."""
    if runner_for(step, runners):
        return None
    asked = (step.settings.resources or ResourceSettings()).to_json()
    wish = " and ".join(f"{name}={value!r}" for name, value in asked.items())
    labels = ", ".join(runner.label for runner in runners)
    entry = ", ".join(["label: LABEL", *(f"{name}: {value}" for name, value in asked.items())])
    hint = f"name a runner that has it in {FILE}, with its label on GitHub:\nrunners:\n  - {{{entry}}}"
    return UnsupportedError(f"step {step.id!r} asks for {wish}, which no runner has ({labels})", hint=hint)


def _named(runs_on: Json, runners: Sequence[Runner]) -> Runner:
    """A label of GitHub's or of `runners`; of anything else it is not known what it has, nor what it costs."""
    known = [runner for runner in runners if runner.label == runs_on]
    if known or not isinstance(runs_on, str) or not _LABEL.fullmatch(runs_on):
        return known[0] if known else Runner("self-hosted")
    return Runner(runs_on)


def is_hosted(runner: Runner) -> bool:
    """Whether GitHub runs it, by its label: there a job ends after six hours."""
    return runner.label.startswith(("ubuntu-", "windows-", "macos-"))


def _satisfies(runner: Runner, asked: ResourceSettings) -> bool:
    return (
        math.ceil(asked.cpu_count or 0) <= runner.cpu_count
        and (asked.gpu_count or 0) <= runner.gpu_count
        and (asked.memory is None or memory_bytes(asked.memory) <= memory_bytes(runner.memory))
    )
