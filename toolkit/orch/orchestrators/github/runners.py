"""Which runner a step's job asks for."""

from __future__ import annotations

import math
from collections.abc import Sequence

from orch.errors import UnsupportedError
from orch.model.settings import ResourceSettings, memory_bytes
from orch.model.steps import Step
from orch.stacks.settings import FILE, Runner


def runner_for(step: Step, runners: Sequence[Runner]) -> Runner | None:
    """The first of `runners` that has what the step asks for."""
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


def is_hosted(runner: Runner) -> bool:
    """Whether GitHub runs it, by its label: there a job ends after six hours."""
    return runner.label.startswith(("ubuntu-", "windows-", "macos-"))


def _satisfies(runner: Runner, asked: ResourceSettings) -> bool:
    return (
        math.ceil(asked.cpu_count or 0) <= runner.cpu_count
        and (asked.gpu_count or 0) <= runner.gpu_count
        and (asked.memory is None or memory_bytes(asked.memory) <= memory_bytes(runner.memory))
    )
