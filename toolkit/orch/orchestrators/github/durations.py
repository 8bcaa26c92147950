"""How long a job may take: what its steps may, and what GitHub allows."""

from __future__ import annotations

import math
from typing import Final

from orch.model.steps import Step

# For a step that names no timeout: GitHub's own default of six hours is a costly way to learn that a step hangs.
DEFAULT_MINUTES: Final = 60
# What a job takes besides its step: checkout, environment, inputs, outputs.
MARGIN_MINUTES: Final = 10
HOSTED_MINUTES: Final = 360
SELF_HOSTED_MINUTES: Final = 7200


def longest_seconds(step: Step) -> float | None:
    """All tries of the step and the waits between them; None where it names no timeout."""
    timeout, retry = step.settings.timeout, step.settings.retry
    if timeout is None:
        return None
    waits = (retry.delay * retry.backoff**number for number in range(retry.max_retries)) if retry else ()
    return timeout + sum(timeout + wait for wait in waits)


def job_minutes(step: Step) -> int:
    """When the step's job ends at the latest."""
    seconds = longest_seconds(step)
    return DEFAULT_MINUTES if seconds is None else math.ceil(seconds / 60) + MARGIN_MINUTES
