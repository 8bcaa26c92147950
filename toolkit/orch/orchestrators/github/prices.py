"""What a minute of a runner costs and how long a job takes to start, as data with its source and date: `prices.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from orch.planning.cost import Machine
from orch.stacks.settings import Settings

_FILE: Final = Path(__file__).with_name("prices.json")


@cache
def prices() -> Any:
    """The document, whose `date` says when GitHub's page was read."""
    return json.loads(_FILE.read_text(encoding="utf-8"))


def machine_of(runs_on: Any, settings: Settings) -> Machine:
    """The runner that a job asks for, by a label or as `github=` may: `orch.yaml` names the price of those that GitHub's list has not."""
    labels = _labels(runs_on)
    said = (runner.price_per_minute for runner in settings.runners if runner.label in labels)
    listed = () if "self-hosted" in labels else map(prices()["per_minute"]["labels"].get, labels)
    price = next((price for price in (*said, *listed) if price is not None), None)
    seconds = prices()["seconds"]
    return Machine(" ".join(labels), price, seconds["queue"], seconds["setup"])


def _labels(runs_on: Any) -> list[str]:
    """https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idruns-on"""
    if isinstance(runs_on, Mapping):
        return [*_labels(runs_on.get("labels", [])), *_labels(runs_on.get("group", []))]
    return [str(label) for label in runs_on] if isinstance(runs_on, (list, tuple)) else [str(runs_on)]


def default_seconds() -> float:
    """How long a step is taken to last that has never run."""
    return float(prices()["seconds"]["step"])
