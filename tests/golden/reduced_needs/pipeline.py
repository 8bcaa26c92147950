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
    left = double.with_options(id="left")(start)
    right = double.with_options(id="right")(start)
    total = add.with_options(id="total")(left, right)
    wait.with_options(after=[start, total])()
    late = double.with_options(id="late", after="wait")(right)
    add.with_options(id="end")(late, start)
