"""Every feature that shows in a workflow."""

from __future__ import annotations

from typing import Annotated, Literal

from orch import PullRequest, Push, ResourceSettings, Schedule, StepRetryConfig, WorkflowCall, pipeline, step


@step
def load(rows: int, table: str) -> Annotated[list[int], "numbers"]:
    return [len(table)] * rows


@step(secrets=["HF_TOKEN"], timeout="2h", retry=StepRetryConfig(max_retries=1, delay=60))
def train(numbers: list[int], rate: float, model: str) -> tuple[Annotated[int, "model"], Annotated[float, "accuracy"]]:
    return len(model), rate * len(numbers)


@step(resources=ResourceSettings(cpu_count=12, memory="32GB"))
def tune(numbers: list[int]) -> int:
    return len(numbers)


@step(keep=True)
def report(numbers: list[int], accuracies: list[float], title: str | None) -> str:
    return f"{title}: {accuracies} of {len(numbers)}"


@step
def clean() -> None:
    pass


@pipeline(
    name="churn",
    triggers=[
        Schedule("0 2 * * *", "Europe/Berlin"),
        Schedule("*/30 6-18 * * MON-FRI"),
        Push(branches=["main"], paths=["data/**"]),
        PullRequest(),
        WorkflowCall(),
    ],
)
def everything(
    rows: int = 1000,
    rate: float = 0.1,
    model: Literal["tree", "yes"] = "tree",
    dry: bool = False,
    title: str | None = None,
    tables: list[str] = ["a", "it's"],  # noqa: B006
) -> None:
    numbers = load(rows, "people")
    _, first = train(numbers, rate, model)
    _, second = train.with_options(id="baseline")(numbers, 0.5, "fixed")
    tuned = tune(numbers)
    clean.with_options(after=[report(numbers, [first, second], title), tuned])()
