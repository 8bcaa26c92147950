"""What a minute of a runner costs and how long a job takes to start, as data with its source and date: `prices.json`."""

from __future__ import annotations

import json
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


def machine_of(label: str, settings: Settings) -> Machine:
    """The runner of `label`: `orch.yaml` names the price of those that GitHub's list has not."""
    said = next((runner.price_per_minute for runner in settings.runners if runner.label == label), None)
    price = prices()["per_minute"]["labels"].get(label) if said is None else said
    seconds = prices()["seconds"]
    return Machine(label, price, seconds["queue"], seconds["setup"])


def default_seconds() -> float:
    """How long a step is taken to last that has never run."""
    return float(prices()["seconds"]["step"])
