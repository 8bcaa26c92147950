"""Which jobs of a matrix start, where earlier runs have the results of some legs: those with a leg that has to run. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from orch.model import canonical
from orch.model.canonical import Json
from orch.model.matrix import items_of_job, jobs_for


def narrowed(dealt: Json, cached: Sequence[bool]) -> Json:
    """What `orch.model.matrix.deal` says, without the jobs that have nothing to run; `cached` tells of each leg."""
    return {**dealt, "jobs": canonical.dumps([job for job in range(jobs_for(len(cached))) if not all(_of_job(cached, job))])}


def is_divided(cached: Sequence[bool]) -> bool:
    """Whether a job has legs that are cached, and some that are not."""
    return any(len(set(_of_job(cached, job))) > 1 for job in range(jobs_for(len(cached))))


def _of_job(cached: Sequence[bool], job: int) -> list[bool]:
    return [cached[index] for index in items_of_job(len(cached), job)]
