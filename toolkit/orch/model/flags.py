"""Comparisons as flags: each has a name, is evaluated once where its value is, and is known by its name everywhere else.

A value never leaves the job that made it: what travels is a table of flags by name, `{"accuracy > 0.9": true}`.
"""

from __future__ import annotations

import hashlib
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from orch.errors import OrchError, ParameterError
from orch.model import canonical, values
from orch.model.artifacts import Artifact
from orch.model.bindings import OutputRef, ParameterRef, Value
from orch.model.canonical import Json
from orch.model.conditions import And, Compare, Condition, Not, Or, leaves
from orch.model.steps import Step
from orch.names import PLAN_JOB

PARAMETERS: Final = PLAN_JOB  # in place of a step: comparisons of parameters, which belong to none; no step is called so
SCALARS: Final = (bool, int, float, str)  # what an artifact may hold itself
_OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}
# What may stand in a name as it is: nothing that a shell, YAML, Markdown, Mermaid or an expression of GitHub's would read.
_PLAIN: Final = re.compile(r'[A-Za-z0-9_.+-]{1,40}|"[A-Za-z0-9_.+ -]{0,40}"')


def place_of(leaf: Compare) -> str:
    """The id of the step that can tell, or `PARAMETERS`."""
    return leaf.left.step if isinstance(leaf.left, OutputRef) else PARAMETERS


def name_of(leaf: Compare) -> str:
    """Its name among the flags of its place. What is not plain is held by its digest."""
    left = leaf.left.output if isinstance(leaf.left, OutputRef) else leaf.left.name
    return f"{left} {leaf.operator} {_right(leaf)}"


def _right(leaf: Compare) -> str:
    match leaf.right:
        case OutputRef(_, output):
            return output
        case ParameterRef(name):
            return f"parameters.{name}"
        case Value(data):
            text = canonical.dumps(data)
            return text if _PLAIN.fullmatch(text) else f"sha256-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def told(condition: Condition) -> str:
    """The condition for people, as they wrote it."""
    match condition:
        case Compare(left, "==", Value(True)):
            return _name(left)
        case Compare(left, sign, right):
            return f"{_name(left)} {sign} {_name(right)}"
        case Not(Compare(_, "==", Value(True)) as leaf):
            return f"not {told(leaf)}"
        case Not(term):
            return f"not ({told(term)})"
        case And(terms):
            return " and ".join(f"({told(term)})" if isinstance(term, Or) else told(term) for term in terms) or "true"
        case Or(terms):
            return " or ".join(f"({told(term)})" if isinstance(term, And) else told(term) for term in terms) or "false"
        case _:
            raise TypeError(f"{condition!r} is not about values")


def _name(operand: OutputRef | ParameterRef | Value) -> str:
    match operand:
        case OutputRef():
            return str(operand)
        case ParameterRef(name):
            return name
        case Value(data):
            return repr(values.decode(data))


def leaves_of(steps: Iterable[Step]) -> dict[str, tuple[Compare, ...]]:
    """The comparisons in the conditions of `steps`, by the step that can tell, or `PARAMETERS`."""
    found: dict[str, dict[str, Compare]] = {}
    for step in steps:
        for leaf in leaves(step.when) if step.when else ():
            found.setdefault(place_of(leaf), {})[name_of(leaf)] = leaf
    return {place: tuple(named.values()) for place, named in found.items()}


def resolved(leaf: Compare, parameters: Mapping[str, Json]) -> Compare:
    """The comparison of the same with a plain value: its name is true in other runs, too, with other parameters."""
    return replace(leaf, right=Value(parameters[leaf.right.name])) if isinstance(leaf.right, ParameterRef) else leaf


def evaluate(leaf: Compare, value_of: Callable[[OutputRef | ParameterRef], object]) -> bool:
    """Raises what the values raise that cannot be compared, or whose comparison is neither true nor false."""
    right = values.decode(leaf.right.data) if isinstance(leaf.right, Value) else value_of(leaf.right)
    return bool(_OPERATORS[leaf.operator](value_of(leaf.left), right))


def flags_of_parameters(asked: Iterable[Compare], parameters: Mapping[str, Json]) -> dict[str, bool]:
    """`parameters` as encoded by `orch.model.values`; what cannot be told of them is absent."""

    def value_of(ref: OutputRef | ParameterRef) -> object:
        assert isinstance(ref, ParameterRef)  # the graph's check
        return values.decode(parameters[ref.name])

    return {name_of(leaf): known for leaf in asked if (known := _told(leaf, value_of)) is not None}


def parameter_problems(steps: Iterable[Step], parameters: Mapping[str, Json]) -> list[OrchError]:
    """Conditions that nobody can tell for these parameters, as whether `None > 3`."""
    asked = leaves_of(steps).get(PARAMETERS, ())
    known = flags_of_parameters(asked, parameters)
    hint = "give the parameter a value that can be compared, or ask for `== None` in a condition around this one"
    return [
        ParameterError(f"it cannot be told whether {told(leaf)}: {_name(leaf.left)} is {_given(leaf.left, parameters)}", hint=hint)
        for leaf in asked
        if name_of(leaf) not in known
    ]


def _given(ref: OutputRef | ParameterRef, parameters: Mapping[str, Json]) -> str:
    return repr(values.decode(parameters[ref.name])) if isinstance(ref, ParameterRef) and ref.name in parameters else "not there"


def flags_from(
    asked: Iterable[Compare], parameters: Mapping[str, Json], flags: Mapping[str, bool], outputs: Mapping[str, Artifact]
) -> dict[str, bool]:
    """What a record or an entry tells of comparisons, by their names in this graph; what it cannot tell is absent.

    One that was not asked for then is computed from the value, where the output's artifact holds that.
    """
    found: dict[str, bool] = {}
    for leaf in asked:
        wanted = resolved(leaf, parameters)
        known = flags.get(name_of(wanted))
        if known is None:
            known = _computed(wanted, outputs)
        if known is not None:
            found[name_of(leaf)] = known
    return found


def _computed(leaf: Compare, outputs: Mapping[str, Artifact]) -> bool | None:
    def value_of(ref: OutputRef | ParameterRef) -> object:
        assert isinstance(ref, OutputRef)  # it is resolved
        held = outputs[ref.output].value
        if type(held) not in SCALARS:
            raise LookupError(ref.output)
        return held

    return _told(leaf, value_of)


def _told(leaf: Compare, value_of: Callable[[OutputRef | ParameterRef], object]) -> bool | None:
    try:
        return evaluate(leaf, value_of)
    except (LookupError, TypeError, ValueError):  # not there, or put there by somebody else
        return None
