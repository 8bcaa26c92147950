"""When a step may start, as data: evaluated by the local scheduler, printed as `${{ }}` for GitHub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orch.model.states import State


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The step ran and succeeded (or, locally, its result was taken from the cache)."""

    step: str


@dataclass(frozen=True, slots=True)
class Not:
    term: Condition


@dataclass(frozen=True, slots=True)
class And:
    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    terms: tuple[Condition, ...]


Condition = Succeeded | Not | And | Or
ALWAYS = And(())


def holds(condition: Condition, states: Mapping[str, State]) -> bool:
    """Whether `condition` is true once every step it names has ended."""
    match condition:
        case Succeeded(step):
            return states[step].has_outputs
        case Not(term):
            return not holds(term, states)
        case And(terms):
            return all(holds(term, states) for term in terms)
        case Or(terms):
            return any(holds(term, states) for term in terms)
