"""Which penguin is it? Two models learn the species of 344 birds from four measurements, and a report shows who errs.

python examples/penguins/pipeline.py
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pandas as pd

from orch import Push, context, pipeline, step

MEASURES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]


@dataclass(frozen=True)
class Score:
    """One model on birds it had not seen. `confusion` is (species, what it was taken for, how often)."""

    model: str
    accuracy: float
    mistaken: list[int]
    confusion: list[tuple[str, str, int]]


@step
def load() -> pd.DataFrame:
    """The Palmer Archipelago penguins, as the PyPI package `palmerpenguins` ships them."""
    from palmerpenguins import load_penguins

    return load_penguins()


@step
def clean(birds: pd.DataFrame) -> tuple[Annotated[pd.DataFrame, "penguins"], Annotated[int, "dropped"]]:
    """Only birds that were measured."""
    penguins = birds.dropna(subset=MEASURES).reset_index(drop=True)
    dropped = len(birds) - len(penguins)
    print(f"{len(penguins)} penguins, {dropped} without measurements")
    return penguins, dropped


@step
def split(penguins: pd.DataFrame, test_share: float, seed: int) -> tuple[Annotated[pd.DataFrame, "train"], Annotated[pd.DataFrame, "test"]]:
    """The same share of every species in both parts."""
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(penguins, test_size=test_share, random_state=seed, stratify=penguins["species"])
    return train.sort_index(), test.sort_index()


@step(timeout="10m")
def logistic_regression(train: pd.DataFrame, test: pd.DataFrame) -> list[str]:
    """The species that a linear model sees in each bird of `test`."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(train[MEASURES], train["species"])
    return list(map(str, model.predict(test[MEASURES])))


@step(timeout="10m")
def random_forest(train: pd.DataFrame, test: pd.DataFrame, trees: int, seed: int) -> list[str]:
    """The species that a forest of decision trees sees in each bird of `test`."""
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(n_estimators=trees, random_state=seed)
    model.fit(train[MEASURES], train["species"])
    return list(map(str, model.predict(test[MEASURES])))


@step
def evaluate(test: pd.DataFrame, predictions: dict[str, list[str]]) -> list[Score]:
    """Every model against the truth, the best one first."""
    scores = []
    for model, predicted in predictions.items():
        birds = list(zip(test.index, test["species"], predicted, strict=True))
        mistaken = [int(bird) for bird, species, guess in birds if guess != species]
        confusion = Counter((str(species), guess) for _, species, guess in birds)
        scores.append(Score(model, 1 - len(mistaken) / len(test), mistaken, sorted((*pair, count) for pair, count in confusion.items())))
        print(f"{model}: {scores[-1].accuracy:.1%} of {len(test)} penguins")
    return sorted(scores, key=lambda score: -score.accuracy)


@step(keep=True)
def report(penguins: pd.DataFrame, dropped: int, test: pd.DataFrame, scores: list[Score]) -> Path:
    """One HTML file that holds its charts, the same bytes on every run."""
    from charts import confusion_chart, species_chart
    from page import render

    mistaken = {bird for score in scores for bird in score.mistaken}
    path = context().temp / "penguins.html"
    text = render(
        penguins=penguins,
        dropped=dropped,
        tested=len(test),
        scores=[(score.model, score.accuracy, len(score.mistaken)) for score in scores],
        species=species_chart(penguins, penguins.loc[sorted(mistaken)]),
        confusion=confusion_chart([(score.model, score.confusion) for score in scores]),
    )
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


@pipeline(requirements="requirements.txt", triggers=[Push(branches=["main"], paths=["examples/penguins/**"])])
def penguins(test_share: float = 0.4, trees: int = 200, seed: int = 7) -> None:
    birds, dropped = clean(load())
    train, test = split(birds, test_share, seed)
    predictions = {
        "logistic regression": logistic_regression(train, test),
        "random forest": random_forest(train, test, trees, seed),
    }
    report(birds, dropped, test, evaluate(test, predictions))


if __name__ == "__main__":
    penguins()
