"""What is measured: chains and fans of steps that do nothing, so that all that is left is the toolkit."""

from __future__ import annotations

import os

from orch import pipeline, step


@step
def start(first: int = 0) -> int:
    return first


@step
def add(x: int) -> int:
    return x + 1


@step
def dies() -> None:
    os._exit(1)


def _chain(length: int, first: int) -> None:
    value = start(first)
    for _ in range(length - 1):
        value = add(value)


@pipeline
def chain_1(first: int = 0) -> None:
    _chain(1, first)


@pipeline
def chain_10(first: int = 0) -> None:
    _chain(10, first)


@pipeline
def chain_30(first: int = 0) -> None:
    _chain(30, first)


@pipeline
def chain_100(first: int = 0) -> None:
    _chain(100, first)


@pipeline
def chain_200(first: int = 0) -> None:
    _chain(200, first)


@pipeline
def chain_300(first: int = 0) -> None:
    _chain(300, first)


@pipeline
def chain_600(first: int = 0) -> None:
    _chain(600, first)


@pipeline
def chain_1000(first: int = 0) -> None:
    _chain(1000, first)


@pipeline
def chain_2000(first: int = 0) -> None:
    _chain(2000, first)


@pipeline
def chain_3000(first: int = 0) -> None:
    _chain(3000, first)


@pipeline
def chain_6000(first: int = 0) -> None:
    _chain(6000, first)


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
