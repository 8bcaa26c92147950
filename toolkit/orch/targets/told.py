"""What a worker for a target is told once: where the files lie that all steps get, and what each step runs in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from orch.model.canonical import Json
from orch.runtime.execute import Order, Setup

_LONGEST: Final = 200  # characters of a name: a step's id may be long, and a host's name in the container is cut from it


class Told(NamedTuple):
    """`specs`: `orch.targets.contract.Spec` as JSON, by step; `handles` is a folder."""

    runtime: str
    bundle: str
    handles: str
    labels: Mapping[str, str]
    specs: Mapping[str, Json]

    def to_json(self) -> Json:
        return self._asdict()

    @classmethod
    def from_json(cls, data: Json) -> Told:
        return cls(**data)

    @staticmethod
    def name_of(order: Order, setup: Setup) -> str:
        """The same for the same try, and another one for every other: it is how a container is found again."""
        hook = "-hook" if order.hook else ""
        return f"orch-{setup.run}-{order.step['id'][:_LONGEST]}-a{setup.attempt}-t{order.tries}{hook}"
