"""Mapped steps: counted by the graph, by one job, by several together; maps of maps, an empty one, and who reads them."""

from __future__ import annotations

from orch import pipeline, step, unmapped


@step
def load(rows: int) -> list[int]:
    return list(range(rows))


@step
def folds() -> list[str]:
    return ["a", "b"]


@step(max_parallel=4, timeout="5m")
def train(row: int, rate: float = 0.1) -> float:
    return row * rate


@step
def score(model: float, fold: str) -> float:
    return model + len(fold)


@step
def report(scores: list[float]) -> str:
    return str(scores)


@pipeline
def mapped(rows: int = 3, rates: list[float] = [0.1]) -> None:  # noqa: B006
    models = train.map(load(rows))
    report(score.map(models, unmapped("all")))
    report(score.product(models, folds(), id="crossed"))
    train.product([1, 2, 3], rates, id="rated")
    report(train.map([1, 2, 3], id="written"))
    report.with_options(after="written")(train.map([], id="never"))
