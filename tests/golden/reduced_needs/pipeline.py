"""A diamond with short cuts: what a path replaces is not said again, and data needs a path of data."""

from __future__ import annotations

from orch import pipeline, step


@step
def source() -> int:
    return 1


@step
def double(x: int) -> int:
    return 2 * x


@step
def add(x: int, y: int) -> int:
    return x + y


@step
def wait() -> None:
    pass


@pipeline
def diamond() -> None:
    start = source()
    left, right = double(start, id="left"), double(start, id="right")
    total = add(left, right, id="total")
    wait(after=[start, total])
    late = double(right, id="late", after=["wait"])
    add(late, start, id="end")
