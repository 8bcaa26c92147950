from __future__ import annotations

from orch import pipeline, step


@step
def hello() -> str:
    return "hello"


@pipeline
def greeting() -> None:
    hello()
