"""What starts a workflow, what it asks somebody for, and what its jobs may do."""

from __future__ import annotations

from typing import Literal

from orch import Concurrency, Environment, MergeGroup, PullRequest, Push, RepositoryDispatch, Schedule, WorkflowCall, pipeline, step


@step
def load(rows: int, tables: list[str]) -> list[int]:
    return [rows] * len(tables)


@step
def train(numbers: list[int]) -> int:
    return sum(numbers)


@step(deploys_to="production")
def deploy(model: int, region: Environment) -> str:
    return f"{model} in {region}"


@step(deploys_to="production")
def announce(model: int) -> None:
    print(model)


@step(deploys_to="production", secrets=["SIGNING_KEY"], permissions={"id-token": "write", "attestations": "write"})
def sign(model: int) -> str:
    return str(model)


@step
def release(model: int, channel: str) -> str:
    return f"{model} on {channel}"


@pipeline(
    name="control",
    schedule=Schedule("0 2 * * MON-FRI", timezone="Europe/Berlin"),
    triggers=[
        Push(branches=["main"], paths=["data/**", "!data/raw/**"]),
        PullRequest(paths=["data/**"]),
        MergeGroup(branches=["main"], paths=["data/**"]),
        RepositoryDispatch(types=["data-arrived"]),
        WorkflowCall(),
    ],
    concurrency=Concurrency("deploys"),
)
def control(
    rows: int = 1000,
    tables: list[str] = ["a"],  # noqa: B006
    region: Environment = "staging",
    channel: Literal["beta", "stable"] = "beta",
    x01: int = 1, x02: int = 1, x03: int = 1, x04: int = 1, x05: int = 1, x06: int = 1, x07: int = 1, x08: int = 1, x09: int = 1,
    x10: int = 1, x11: int = 1, x12: int = 1, x13: int = 1, x14: int = 1, x15: int = 1, x16: int = 1, x17: int = 1, x18: int = 1,
    x19: int = 1, x20: int = 1, x21: int = 1, x22: int = 1, x23: float | None = None,
) -> None:
    model = train(load(rows, tables))
    deploy(model, region)
    announce(model)
    sign(model)
    release.with_options(deploys_to=channel)(model, channel)
