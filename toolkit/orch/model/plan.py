"""A decision per step, before anything starts: run it, use an earlier result, or wait for what it depends on; and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orch.model.canonical import Json
from orch.model.index import Entry


class Action(StrEnum):
    """What becomes of a step."""

    RUN = "run"
    CACHED = "cached"
    MAYBE = "maybe"  # an input is not known yet: decided again when it is
    SKIPPED = "skipped"  # a condition is false


class Cause(StrEnum):
    """Why, as one word."""

    HIT = "hit"
    ASKED = "asked"  # --no-cache, or a run of a part
    DISABLED = "disabled"  # cache=False
    NO_OUTPUTS = "no-outputs"
    DEPLOYS = "deploys"  # a deployment is done each time
    EXPRESSION = "expression"  # GitHub alone knows what it runs with
    FIRST = "first"  # no earlier result of this step
    CHANGED = "changed"
    EXPIRED = "expired"
    LOST = "lost"  # the earlier result's bytes are gone
    FORBIDDEN = "forbidden"  # the earlier result is a pickle, and none may be loaded any more
    RUNNER = "runner"  # whether an earlier result fits its Python and system is known there alone
    CONDITION = "condition"  # it hangs on one
    PACK = "pack"  # a step that shares its job must run
    UPSTREAM = "upstream"  # a step that it reads from must run


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs from the last result. `kind`: code, package, parameter, argument, input, file, setting, python, platform."""

    kind: str
    name: str
    old: str = ""  # empty: it is new
    new: str = ""  # empty: it is gone


@dataclass(frozen=True, slots=True)
class Decision:
    """`key` and `facts` are empty where they are not known yet, or not needed."""

    step: str
    action: Action
    cause: Cause
    reason: str = ""  # one line for people
    key: str = ""
    facts: Mapping[str, Json] = field(default_factory=dict)
    entry: Entry | None = None  # the result to use, of a cached step
    legs: tuple[Decision, ...] = ()  # of a mapped step, where its legs are known

    @property
    def taken(self) -> dict[str, Entry]:
        """The results of earlier runs that are used, by step; of a mapped step those of its legs."""
        found = self.legs or (self,)
        return {each.step: each.entry for each in found if each.action is Action.CACHED and each.entry is not None}


@dataclass(frozen=True, slots=True)
class Plan:
    """The decisions in topological order."""

    decisions: tuple[Decision, ...]

    def __getitem__(self, step: str) -> Decision:
        return next(decision for decision in self.decisions if decision.step == step)
