"""A step's condition as the `if:` of its job."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from orch.model import conditions
from orch.model.flags import PARAMETERS, name_of, place_of
from orch.names import PLAN_JOB
from orch.workflow import expressions
from orch.workflow.expressions import CANCELLED, FAILURE, Context, Equal, Expression, Literal, Member, from_json, interpolate, to_json

# `!cancelled()` and not `always()`, which would make the run impossible to cancel. `failure()` looks at all ancestors,
# `needs` only at the nearest: without it a job would run below a failed one that a skipped one stands before.
_GUARD: Final = (expressions.Not(CANCELLED), expressions.Not(FAILURE))


# What the plan job says of each step, as JSON: `run`, `maybe`, `cached` or `skipped`.
_PLAN: Final = from_json(Context(("needs", PLAN_JOB, "outputs", "plan")))


def job_condition(
    condition: conditions.Condition,
    needs: Collection[str],
    *,
    planned: str = "",
    skippable: Collection[str] = frozenset(),
    empty: Mapping[str, Expression] = MappingProxyType({}),
    also: Sequence[Expression] = (),
) -> str:
    """The `if:` of a job with these `needs`; empty (GitHub's own `success()`) without any.

    `planned` is the step's id where a plan job stands before all others: then the plan has to want the step, and a need
    that the plan takes from an earlier run is as good as one that succeeded. `skippable` are the steps that conditions may
    skip: only of these a skipped job is none that something stopped. `empty` says of mapped steps when they had nothing to
    map over, which is as good as a success; `also` has further demands.
    """
    if not needs:
        return ""
    wanted = to_expression(over(condition, needs), planned=bool(planned), skippable=skippable, empty=empty)
    terms = wanted.terms if isinstance(wanted, expressions.And) else (wanted,)
    asked = (_plan_says_any(planned, "run", "maybe"),) if planned else ()
    return interpolate(expressions.And((*_GUARD, *asked, *terms, *also)))


def plan_says(step: str, action: str) -> Expression:
    return Equal(decision_of(step), Literal(action))


def _plan_says_any(step: str, *actions: str) -> Expression:
    return expressions.Call("contains", (from_json(Literal(json.dumps(actions))), decision_of(step)))


def decision_of(step: str) -> Expression:
    """The plan's word on `step`."""
    return Member(_PLAN, step)


def over(condition: conditions.Condition, needs: Collection[str]) -> conditions.Condition:
    """`condition` without the demands that a path of other steps, each with its own demand, already makes."""
    if not isinstance(condition, conditions.And):
        return condition
    kept = (term for term in condition.terms if not isinstance(term, (conditions.Succeeded, conditions.Passed)) or term.step in needs)
    return conditions.And(tuple(over(term, needs) for term in kept))


def to_expression(
    condition: conditions.Condition,
    *,
    planned: bool = False,
    skippable: Collection[str] = frozenset(),
    empty: Mapping[str, Expression] = MappingProxyType({}),
) -> Expression:
    def printed(term: conditions.Condition) -> Expression:
        return to_expression(term, planned=planned, skippable=skippable, empty=empty)

    match condition:
        case conditions.Succeeded(step):
            ways = (plan_says(step, "cached"),) if planned else ()
            return any_of(expressions.need_succeeded(step), *ways, *((empty[step],) if step in empty else ()))
        case conditions.Passed(step):
            succeeded = printed(conditions.Succeeded(step))
            return any_of(succeeded, expressions.need_skipped(step)) if step in skippable else succeeded
        case conditions.Compare():
            return flag(condition, planned=planned)
        case conditions.Not(conditions.Compare() as leaf) if planned:
            # Not `!`, which is true of a flag that nobody told, too; without a plan, one that nobody told is an error of fromJSON.
            return Equal(to_json(flag(leaf, planned=True)), Literal("false"))
        case conditions.Not(conditions.Not(term)):
            return printed(term)
        case conditions.Not(conditions.And(terms)):
            return printed(conditions.Or(tuple(map(conditions.negated, terms))))
        case conditions.Not(conditions.Or(terms)):
            return printed(conditions.And(tuple(map(conditions.negated, terms))))
        case conditions.Not(term):
            return expressions.Not(printed(term))
        case conditions.And(terms):
            return all_of(*map(printed, terms))
        case conditions.Or(terms):
            return any_of(*map(printed, terms))


def all_of(*terms: Expression) -> Expression:
    """`terms` together, without one inside the other."""
    return expressions.And(tuple(inner for term in terms for inner in (term.terms if isinstance(term, expressions.And) else (term,))))


def any_of(*terms: Expression) -> Expression:
    flat = tuple(inner for term in terms for inner in (term.terms if isinstance(term, expressions.Or) else (term,)))
    return flat[0] if len(flat) == 1 else expressions.Or(flat)


def flag(leaf: conditions.Compare, *, planned: bool) -> Expression:
    """What the job that knows the value says of it: its outputs hold flags, never values."""
    place = place_of(leaf)
    of_plan = Member(from_json(Context(("needs", PLAN_JOB, "outputs", "flags"))), place)
    if place == PARAMETERS:
        return Member(of_plan, name_of(leaf))
    told: Expression = Context(("needs", place, "outputs", "flags"))
    if planned:
        told = unless_cached(place, told, to_json(of_plan))
    return Member(from_json(told), name_of(leaf))


def unless_cached(step: str, told: Expression, of_plan: Expression) -> Expression:
    """What the job of `step` has `told`. Where the plan has an earlier result, or wants none, that job is skipped, and the plan tells.

    The plan is asked first: on GitHub the outputs of a skipped job are empty, under act they are the expressions that would have made
    them. It is asked last, too: of a job that was skipped by choice nobody tells, and fromJSON takes no empty text.
    """
    is_skipped = _plan_says_any(step, "cached", "skipped")
    return expressions.Or((expressions.And((is_skipped, of_plan)), told, of_plan))
