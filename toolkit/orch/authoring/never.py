"""What no run could reach: steps that need what holds only if it does not, and outputs that `either` never takes."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from orch.errors import ConditionError, Where
from orch.model import canonical
from orch.model.bindings import alternatives
from orch.model.conditions import And, Condition, Not, when_to_json
from orch.model.flags import told
from orch.model.steps import Step


class Needed(NamedTuple):
    """What has to be true for a step to run, and the step that asks for it: itself, or one that it reads from."""

    condition: Condition
    step: str


def never_run(steps: Sequence[Step], places: Mapping[str, Where]) -> Iterator[ConditionError]:
    """One problem for each step that reads from both branches of a condition, or whose own conditions exclude each other; or
    that has an `either` whose first outputs are always there."""
    if all(step.when is None and not step.choices for step in steps):
        return
    known: dict[str, dict[str, Needed]] = {}  # for each step, by the text of the condition
    unsure: set[str] = set()  # steps that may be skipped for want of all branches of an `either`
    for step in steps:
        found: dict[str, Needed] = {}
        for read in _read(step):
            found |= known.get(read, {})
        found |= {_key(term): Needed(term, step.id) for term in _terms(step.when)}
        if clash := _clash(found):
            yield _problem(step.id, *clash, places.get(step.id))
            found = {}  # told once, not of all steps below it
        elif never := _never_taken(step, known, unsure):
            yield _untaken(step.id, *never, places.get(step.id))
        known[step.id] = found
        if step.choices or not unsure.isdisjoint(_read(step)):
            unsure.add(step.id)


def _read(step: Step) -> Iterator[str]:
    """The steps without whose outputs it never runs; of an `either` one is enough."""
    for _, binding in step.inputs:
        yield from (way[0].step for way in alternatives(binding) if len(way) == 1)
    yield from step.asked


def _terms(condition: Condition | None) -> tuple[Condition, ...]:
    return () if condition is None else condition.terms if isinstance(condition, And) else (condition,)


def _key(condition: Condition) -> str:
    return canonical.dumps(when_to_json(condition))


def _clash(found: Mapping[str, Needed]) -> tuple[Needed, Needed] | None:
    for needed in found.values():
        if isinstance(needed.condition, Not):
            opposite = [found.get(_key(term)) for term in _terms(needed.condition.term)]
            if all(opposite) and (last := opposite[-1]):
                return Needed(needed.condition.term, last.step), needed
    return None


def _never_taken(step: Step, known: Mapping[str, Mapping[str, Needed]], unsure: Container[str]) -> tuple[str, str] | None:
    """An output of an `either` that `step` never reads, and the step before it that runs wherever this one does."""
    own = set(map(_key, _terms(step.when)))
    for _, binding in step.inputs:
        for way in alternatives(binding):
            for ref, other in pairwise(way):
                if ref.step in known and ref.step not in unsure and known[ref.step].keys() <= own:
                    return str(other), ref.step
    return None


def _untaken(step: str, other: str, taken: str, where: Where | None) -> ConditionError:
    message = f"step {step!r} never reads {other!r}: either() takes the first that ran, and {taken!r} runs whenever {step!r} does"
    hint = f"call {taken!r} inside of `with orch.when(...):`, or pass what may be skipped first"
    return ConditionError(message, hint=hint, where=where)


def _problem(step: str, one: Needed, other: Needed, where: Where | None) -> ConditionError:
    if one.step == other.step:
        message = f"step {step!r} never runs: it needs both {told(one.condition)} and {told(other.condition)}"
        return ConditionError(message, hint="mend one of its conditions", where=where)
    runs = [f"{needed.step!r} runs only if {told(needed.condition)}" for needed in (one, other)]
    hint = "`orch.either(...)` takes the output of the branch that ran"
    return ConditionError(f"step {step!r} never runs: {runs[0]}, and {runs[1]}", hint=hint, where=where)
