"""A step's condition as the `if:` of its job."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from orch.model import conditions
from orch.workflow import expressions
from orch.workflow.expressions import CANCELLED, FAILURE, Expression, interpolate

# `!cancelled()` and not `always()`, which would make the run impossible to cancel. `failure()` looks at all ancestors,
# `needs` only at the nearest: without it a job would run below a failed one that a skipped one stands before.
_GUARD: Final = (expressions.Not(CANCELLED), expressions.Not(FAILURE))


def job_condition(condition: conditions.Condition, needs: Collection[str]) -> str:
    """The `if:` of a job with these `needs`; empty (GitHub's own `success()`) without any."""
    if not needs:
        return ""
    wanted = to_expression(over(condition, needs))
    terms = wanted.terms if isinstance(wanted, expressions.And) else (wanted,)
    return interpolate(expressions.And((*_GUARD, *terms)))


def over(condition: conditions.Condition, needs: Collection[str]) -> conditions.Condition:
    """`condition` without the demands that a path of other steps, each with its own demand, already makes."""
    if not isinstance(condition, conditions.And):
        return condition
    kept = (term for term in condition.terms if not isinstance(term, conditions.Succeeded) or term.step in needs)
    return conditions.And(tuple(over(term, needs) for term in kept))


def to_expression(condition: conditions.Condition) -> Expression:
    match condition:
        case conditions.Succeeded(step):
            return expressions.need_succeeded(step)
        case conditions.Not(term):
            return expressions.Not(to_expression(term))
        case conditions.And(terms):
            return expressions.And(tuple(map(to_expression, terms)))
        case conditions.Or(terms):
            return expressions.Or(tuple(map(to_expression, terms)))
