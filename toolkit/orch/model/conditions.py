"""When a step may start, as data: evaluated by the local scheduler, printed as `${{ }}` for GitHub."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from orch.errors import GraphError
from orch.model.bindings import OutputRef, ParameterRef, Value, binding_from_json, binding_to_json
from orch.model.canonical import Json
from orch.model.states import State

OPERATORS: Final = ("<", "<=", "==", "!=", ">=", ">")


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The step ran and succeeded, or its result was taken from the cache."""

    step: str


@dataclass(frozen=True, slots=True)
class Passed:
    """The step succeeded, or was skipped by choice, as conditions say: what `after=` waits for."""

    step: str


@dataclass(frozen=True, slots=True)
class Compare:
    """`left operator right`, true or false once `left` is known; another output on the right is of the same step."""

    left: OutputRef | ParameterRef
    operator: str
    right: Value | ParameterRef | OutputRef


@dataclass(frozen=True, slots=True)
class Not:
    term: Condition


@dataclass(frozen=True, slots=True)
class And:
    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    terms: tuple[Condition, ...]


Condition = Succeeded | Passed | Compare | Not | And | Or
ALWAYS = And(())


def truth(condition: Condition, states: Mapping[str, State], told: Callable[[Compare], bool | None] = lambda _: None) -> bool | None:
    """Whether `condition` is true once every step it names has ended; None where that hangs on a comparison that `told` cannot tell.

    Asked only about steps above which nothing has failed or was cancelled, so that skipped means by choice.
    """
    match condition:
        case Succeeded(step):
            return states[step].has_outputs
        case Passed(step):
            return states[step].has_outputs or states[step] is State.SKIPPED
        case Compare():
            return told(condition)
        case Not(term):
            known = truth(term, states, told)
            return None if known is None else not known
        case And(terms):
            return _all(truth(term, states, told) for term in terms)
        case Or(terms):
            opposite = _all(None if (known := truth(term, states, told)) is None else not known for term in terms)
            return None if opposite is None else not opposite


def holds(condition: Condition, states: Mapping[str, State]) -> bool:
    """Whether a condition that compares nothing is true once every step it names has ended."""
    return truth(condition, states) is True


def _all(terms: Iterator[bool | None]) -> bool | None:
    is_known = True
    for term in terms:
        if term is False:
            return False
        is_known = is_known and term is not None
    return True if is_known else None


def leaves(condition: Condition) -> Iterator[Compare]:
    """The comparisons in `condition`, in order."""
    match condition:
        case Compare():
            yield condition
        case Not(term):
            yield from leaves(term)
        case And(terms) | Or(terms):
            for term in terms:
                yield from leaves(term)
        case Succeeded() | Passed():
            pass


def all_of(*terms: Condition) -> Condition:
    """`terms` together, without `And`s inside each other."""
    flat = [inner for term in terms for inner in (term.terms if isinstance(term, And) else (term,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(*terms: Condition) -> Condition:
    flat = [inner for term in terms for inner in (term.terms if isinstance(term, Or) else (term,))]
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def negated(condition: Condition) -> Condition:
    return condition.term if isinstance(condition, Not) else Not(condition)


# --- of a graph's steps: comparisons alone; what a step needs of other steps follows from its edges ---


def when_to_json(condition: Condition) -> Json:
    match condition:
        case Compare(left, operator, right):
            return {"compare": [binding_to_json(left), operator, binding_to_json(right)]}
        case Not(term):
            return {"not": when_to_json(term)}
        case And(terms):
            return {"and": [when_to_json(term) for term in terms]}
        case Or(terms):
            return {"or": [when_to_json(term) for term in terms]}
        case _:
            raise TypeError(f"{condition!r} is not about values")


def when_from_json(data: Json) -> Condition:
    """Raises GraphError."""
    match data:
        case {"compare": [given, str(operator), wanted], **rest} if not rest and operator in OPERATORS:
            left, right = binding_from_json(given), binding_from_json(wanted)
            if isinstance(left, (OutputRef, ParameterRef)) and isinstance(right, (Value, ParameterRef, OutputRef)):
                return Compare(left, operator, right)
        case {"not": term, **rest} if not rest:
            return Not(when_from_json(term))
        case {"and": list(terms), **rest} if not rest:
            return And(tuple(map(when_from_json, terms)))
        case {"or": list(terms), **rest} if not rest:
            return Or(tuple(map(when_from_json, terms)))
    raise GraphError(f"{data!r} is not a condition of a step", hint="compile it again")
