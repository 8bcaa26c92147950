"""A step's condition as the `if:` of its job."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from orch.model import conditions
from orch.names import PLAN_JOB
from orch.workflow import expressions
from orch.workflow.expressions import CANCELLED, FAILURE, Context, Equal, Expression, Literal, Member, from_json, interpolate

# `!cancelled()` and not `always()`, which would make the run impossible to cancel. `failure()` looks at all ancestors,
# `needs` only at the nearest: without it a job would run below a failed one that a skipped one stands before.
_GUARD: Final = (expressions.Not(CANCELLED), expressions.Not(FAILURE))


# What the plan job says of each step, as JSON: `run`, `maybe`, `cached` or `skipped`.
_PLAN: Final = from_json(Context(("needs", PLAN_JOB, "outputs", "plan")))


def job_condition(condition: conditions.Condition, needs: Collection[str], *, planned: str = "") -> str:
    """The `if:` of a job with these `needs`; empty (GitHub's own `success()`) without any.

    `planned` is the step's id where a plan job stands before all others: then the plan has to want the step, and a need
    that the plan takes from an earlier run is as good as one that succeeded.
    """
    if not needs:
        return ""
    wanted = to_expression(over(condition, needs), planned=bool(planned))
    terms = wanted.terms if isinstance(wanted, expressions.And) else (wanted,)
    asked = (expressions.Or((plan_says(planned, "run"), plan_says(planned, "maybe"))),) if planned else ()
    return interpolate(expressions.And((*_GUARD, *asked, *terms)))


def plan_says(step: str, action: str) -> Expression:
    return Equal(decision_of(step), Literal(action))


def decision_of(step: str) -> Expression:
    """The plan's word on `step`."""
    return Member(_PLAN, step)


def over(condition: conditions.Condition, needs: Collection[str]) -> conditions.Condition:
    """`condition` without the demands that a path of other steps, each with its own demand, already makes."""
    if not isinstance(condition, conditions.And):
        return condition
    kept = (term for term in condition.terms if not isinstance(term, conditions.Succeeded) or term.step in needs)
    return conditions.And(tuple(over(term, needs) for term in kept))


def to_expression(condition: conditions.Condition, *, planned: bool = False) -> Expression:
    match condition:
        case conditions.Succeeded(step):
            succeeded = expressions.need_succeeded(step)
            return expressions.Or((succeeded, plan_says(step, "cached"))) if planned else succeeded
        case conditions.Not(term):
            return expressions.Not(to_expression(term, planned=planned))
        case conditions.And(terms):
            return expressions.And(tuple(to_expression(term, planned=planned) for term in terms))
        case conditions.Or(terms):
            return expressions.Or(tuple(to_expression(term, planned=planned) for term in terms))
