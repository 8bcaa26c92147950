"""A failure cancels the run: every job of a step may ask for that, and none may do more."""

from __future__ import annotations

from orch import pipeline, step


@step
def load() -> int:
    return 1


@step
def train(rows: int) -> int:
    return rows


@step
def check() -> int:
    return 1


@pipeline(execution_mode="fail_fast")
def churn() -> None:
    train(load())
    check()
