"""What is measured: chains and fans of steps that do nothing, so that all that is left is the toolkit."""

from __future__ import annotations

import os

from orch import pipeline, step


@step
def start() -> int:
    return 0


@step
def add(x: int) -> int:
    return x + 1


@step
def dies() -> None:
    os._exit(1)


def _chain(length: int) -> None:
    value = start()
    for _ in range(length - 1):
        value = add(value)


@pipeline
def chain_1() -> None:
    _chain(1)


@pipeline
def chain_10() -> None:
    _chain(10)


@pipeline
def chain_30() -> None:
    _chain(30)


@pipeline
def chain_100() -> None:
    _chain(100)


@pipeline
def chain_300() -> None:
    _chain(300)


@pipeline
def chain_600() -> None:
    _chain(600)


@pipeline
def chain_1000() -> None:
    _chain(1000)


@pipeline
def chain_3000() -> None:
    _chain(3000)


@pipeline
def fan_1() -> None:
    start()


@pipeline
def fan_100() -> None:
    for _ in range(100):
        start()


@pipeline
def fan_99_and_a_death() -> None:
    dies()
    for _ in range(99):
        start()
