"""Each Monday: which linear model tells 178 wines apart best? It is published if it beats the model in use.

python examples/search/pipeline.py
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any, Final

import numpy as np
import pandas as pd

from orch import Schedule, context, either, log_metadata, notify, otherwise, pipeline, step, unmapped, when

LABEL: Final = "cultivar"
DIGITS: Final = 6  # of a fit, the last ones are those of the processor; without them it is the same everywhere


@dataclass(frozen=True)
class Trial:
    """What cross-validation says of a model on so many `measures`, fitted with this `strength`."""

    measures: int
    strength: float
    accuracy: float


@dataclass(frozen=True)
class Model:
    """Plain numbers, for which nobody needs a pickle: a row of `weights` for each cultivar, of measures that are centred and scaled."""

    measures: list[str]
    cultivars: list[int]
    centres: list[float]
    scales: list[float]
    weights: list[list[float]]
    intercepts: list[float]

    def accuracy(self, wines: pd.DataFrame) -> float:
        """The share of `wines` whose cultivar it names."""
        scaled = (wines[self.measures].to_numpy() - self.centres) / self.scales
        votes = scaled @ np.array(self.weights).T + self.intercepts
        return float((np.array(self.cultivars)[votes.argmax(axis=1)] == wines[LABEL]).mean())


@step(files=["wine.csv"])
def load() -> pd.DataFrame:
    """Chemical analyses of Italian wines from three cultivars (Aeberhard and Forina, UCI)."""
    return pd.read_csv("wine.csv")


@step
def split(wines: pd.DataFrame, test_share: float) -> tuple[Annotated[pd.DataFrame, "train"], Annotated[pd.DataFrame, "test"]]:
    """The same share of every cultivar in both parts."""
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(wines, test_size=test_share, random_state=0, stratify=wines[LABEL])
    return train.sort_index(), test.sort_index()


@step(max_parallel=4)
def score(train: pd.DataFrame, measures: int, strength: float) -> Trial:
    """One of many: fitted to four fifths of the wines, asked about the last one, five times."""
    from sklearn.model_selection import StratifiedKFold

    folds = StratifiedKFold(n_splits=5).split(train, train[LABEL])
    accuracy = round(fmean(fitted(train.iloc[seen], measures, strength).accuracy(train.iloc[unseen]) for seen, unseen in folds), 4)
    log_metadata(accuracy=accuracy)
    return Trial(measures, strength, accuracy)


@step
def choose(trials: list[Trial]) -> Trial:
    """The most accurate; of equals the simplest."""
    return min(trials, key=lambda trial: (-trial.accuracy, trial.measures, trial.strength))


@step
def fit(train: pd.DataFrame, best: Trial) -> Model:
    return fitted(train, best.measures, best.strength)


@step(files=["model.json"])
def in_use() -> Model:
    """The model that was published last and committed."""
    return Model(**json.loads(Path("model.json").read_text(encoding="utf-8")))


@step
def compare(model: Model, used: Model, test: pd.DataFrame) -> tuple[Annotated[float, "accuracy"], Annotated[float, "gain"]]:
    """On wines that neither was fitted to."""
    accuracy, before = round(model.accuracy(test), 4), round(used.accuracy(test), 4)
    print(f"{accuracy:.2%} of {len(test)} wines, {before:.2%} by the model in use")
    return accuracy, round(accuracy - before, 4)


@step(keep=True)
def publish(model: Model, gain: float) -> tuple[Annotated[Path, "model"], Annotated[str, "news"]]:
    """The file that takes the place of `model.json`."""
    path = context().temp / "model.json"
    path.write_text(json.dumps(asdict(model), indent=1) + "\n", encoding="utf-8", newline="\n")
    return path, f"a model that gains {gain:.2%} is published"


@step
def stay(gain: float) -> str:
    return f"a gain of {gain:.2%} is not enough, the model in use stays"


@step(keep=True)
def report(trials: list[Trial], best: Trial, accuracy: float, news: str) -> str:
    """All trials, in the week that the run is for."""
    rows = [f"| {trial.measures} | {trial.strength} | {trial.accuracy:.2%}{' *' if trial == best else ''} |" for trial in trials]
    day = context().logical_date.date()
    head = f"Week of {day - timedelta(days=day.weekday())}: {accuracy:.2%}, {news}"
    page = "\n".join([head, "", "| measures | strength | right |", "| ---: | ---: | ---: |", *rows])
    print(page)
    return page


def fitted(wines: pd.DataFrame, measures: int, strength: float) -> Model:
    """A logistic regression on the most telling `measures`; a small `strength` keeps its weights small."""
    from sklearn.feature_selection import SelectKBest
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    everything, truth = wines.drop(columns=LABEL), wines[LABEL]
    names = [str(name) for name in SelectKBest(k=measures).fit(everything, truth).get_feature_names_out()]
    scaler = StandardScaler().fit(wines[names])
    regression = LogisticRegression(C=strength, max_iter=1000).fit(scaler.transform(wines[names]), truth)
    return Model(
        measures=names,
        cultivars=[int(cultivar) for cultivar in regression.classes_],
        centres=rounded(scaler.mean_),
        scales=rounded(scaler.scale_),
        weights=[rounded(row) for row in regression.coef_],
        intercepts=rounded(regression.intercept_),
    )


def rounded(numbers: Any) -> list[float]:
    return [round(float(number), DIGITS) for number in numbers]


@pipeline(
    schedule=Schedule("0 3 * * 1", timezone="Europe/Berlin"),
    requirements="requirements.txt",
    on_failure=notify.issue(),
)
def search(
    measures: list[int] = [2, 6, 13],  # noqa: B006 (a default of the workflow's input)
    strengths: list[float] = [0.01, 1.0],  # noqa: B006
    test_share: float = 0.3,
    least_gain: float = 0.0,
) -> None:
    train, test = split(load(), test_share)
    trials = score.product(unmapped(train), measures, strengths)
    best = choose(trials)
    model = fit(train, best)
    accuracy, gain = compare(model, in_use(), test)
    with when(gain > least_gain):
        _, published = publish(model, gain)
    with otherwise():
        stayed = stay(gain)
    report(trials, best, accuracy, either(published, stayed))


if __name__ == "__main__":
    search()
