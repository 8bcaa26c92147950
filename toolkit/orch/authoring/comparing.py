"""What users wrote as a condition, made into data: which sides it has, and whether values of their types can be compared."""

from __future__ import annotations

import math
import numbers
import types
import typing
from typing import Any, Final, Union

from orch.authoring import typecheck
from orch.authoring.futures import ConditionFuture, Future, OutputFuture, ParameterFuture, shown
from orch.errors import ConditionError, UnknownStepError
from orch.model import values
from orch.model.bindings import OutputRef, ParameterRef, Value
from orch.model.conditions import Compare, Condition, all_of, any_of, negated

_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_IN_A_STEP: Final = "compare in a step that returns True or False, and use that as the condition"
# What comparisons tell apart. `bool` is a number to Python, and a mistake here.
_KINDS: Final[dict[str, str]] = {"number": "a number", "text": "text", "flag": "True or False", "none": "None"}


def condition_of(written: object, trace: object) -> Condition:
    """Raises ConditionError, or UnknownStepError of an output of another tracing than `trace`."""
    match written:
        case ConditionFuture(_orch_operator="~"):
            return negated(condition_of(written._orch_left, trace))
        case ConditionFuture(_orch_operator="&"):
            return all_of(condition_of(written._orch_left, trace), condition_of(written._orch_right, trace))
        case ConditionFuture(_orch_operator="|"):
            return any_of(condition_of(written._orch_left, trace), condition_of(written._orch_right, trace))
        case ConditionFuture():
            return _comparison(written, trace)
        case OutputFuture() | ParameterFuture():
            kinds = _kinds(written._orch_hint)
            if kinds is not None and "flag" not in kinds:
                hint = f"compare it, as in `orch.when({shown(written)} == ...)`"
                raise ConditionError(f"{shown(written)} is {typecheck.name_of(written._orch_hint)}, which is no condition", hint=hint)
            return Compare(_reference(written, trace), "==", Value(True))
        case bool():
            hint = "write a plain `if`: this is known while the pipeline is built"
            raise ConditionError(f"the condition is {written!r}, and not about an output or a parameter", hint=hint)
        case _:
            raise ConditionError(f"{shown(written)} is no condition", hint="compare an output or a parameter, as in `orch.when(x > 0)`")


def _comparison(written: ConditionFuture, trace: object) -> Condition:
    left, operator, right = written._orch_left, written._orch_operator, written._orch_right
    if isinstance(left, ParameterFuture) and isinstance(right, OutputFuture):
        left, operator, right = right, _MIRRORED.get(operator, operator), left
    _check_kinds(left, operator, right)
    reference = _reference(left, trace)
    if not isinstance(right, Future):
        return Compare(reference, operator, Value(values.encode(right)))
    other = _reference(right, trace)
    if isinstance(other, OutputRef) and not (isinstance(reference, OutputRef) and reference.step == other.step):
        message = f"{shown(left)} and {shown(right)} are made by different steps, of which none knows both"
        raise ConditionError(message, hint="compare them in a step that takes both and returns True or False")
    return Compare(reference, operator, other)


def _reference(future: Future, trace: object) -> OutputRef | ParameterRef:
    match future:
        case ParameterFuture():
            return ParameterRef(future._orch_name)
        case OutputFuture() if future._orch_trace is not trace:
            message = f"the condition is on {future._orch_what} of another pipeline run"
            raise UnknownStepError(message, hint="call that step in this pipeline")
        case OutputFuture(_orch_output=str(output)):
            return OutputRef(future._orch_step, output)
        case OutputFuture():
            hint = "annotate its return type, or call it outside of conditions"
            raise ConditionError(f"the condition is on what step {future._orch_step!r} returns, and that is nothing", hint=hint)
        case _:
            raise ConditionError(f"{future._orch_what} cannot be compared", hint=_IN_A_STEP)


# --- types ---


def _check_kinds(left: Future, operator: str, right: object) -> None:
    """What can never be true, or would raise where the value is, is an error now."""
    mine = _kinds(left._orch_hint)
    _refuse_others(left, mine)
    if isinstance(right, Future):
        other = _kinds(right._orch_hint)
        _refuse_others(right, other)
    else:
        other = frozenset((_kind_of(right),))
    if mine is None or other is None:
        return
    name = typecheck.name_of(left._orch_hint)
    if not mine & other:
        never = "they are never equal" if operator in ("==", "!=") else "neither is less"
        message = f"{shown(left)} is {name}, and {shown(right)} is {_named(other)}: {never}"
        raise ConditionError(message, hint=f"compare it with {_named(mine)}")
    if operator not in ("==", "!=") and not (mine & other & {"number", "text"}):
        raise ConditionError(f"{shown(left)} is {name}, of which none is less than another", hint="compare with == or !=")
    choices = _choices(left._orch_hint)
    if choices and isinstance(right, str) and right not in choices:
        message = f"{shown(left)} is one of {', '.join(map(repr, choices))}, and never {right!r}"
        raise ConditionError(message, hint="compare with one of these")


def _kind_of(value: object) -> str:
    """Of a plain value; raises ConditionError of one that no condition can hold."""
    match value:
        case None:
            return "none"
        case bool():
            return "flag"
        case float() if math.isnan(value):
            raise ConditionError("a comparison with nan is never true", hint=_IN_A_STEP)
        case int() | float() if type(value) in (int, float):
            return "number"
        case str() if type(value) is str:
            return "text"
    raise ConditionError(f"{shown(value)} is no plain number, text, True, False or None, and cannot be compared here", hint=_IN_A_STEP)


def _kinds(hint: Any) -> frozenset[str] | None:
    """The kinds that values of a type may be of, `other` for those that have none; None where that cannot be told."""
    if hint is Any or hint is object:
        return None
    if hint is None or hint is type(None):
        return frozenset(("none",))
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _kinds(args[0])
    if origin in (Union, types.UnionType):
        each = [_kinds(member) for member in args]
        return None if None in each else frozenset().union(*(kinds for kinds in each if kinds))
    if origin is typing.Literal:
        return frozenset(_kind_of(choice) for choice in args)
    kind = origin or hint
    if not isinstance(kind, type) or getattr(kind, "_is_protocol", False):
        return None
    if issubclass(kind, bool) or kind.__name__ == "bool_" or (kind.__module__ == "numpy" and kind.__name__ == "bool"):
        return frozenset(("flag",))
    if issubclass(kind, numbers.Number):
        return frozenset(("number",))
    return frozenset(("text",)) if issubclass(kind, str) else frozenset(("other",))


def _refuse_others(future: Future, kinds: frozenset[str] | None) -> None:
    if kinds == frozenset(("other",)):
        message = f"{shown(future)} is {typecheck.name_of(future._orch_hint)}, which cannot be compared while the pipeline is scheduled"
        raise ConditionError(message, hint=_IN_A_STEP)


def _choices(hint: Any) -> tuple[str, ...]:
    args = typing.get_args(hint) if typing.get_origin(hint) is typing.Literal else ()
    return tuple(choice for choice in args if isinstance(choice, str)) if all(isinstance(choice, str) for choice in args) else ()


def _named(kinds: frozenset[str]) -> str:
    return " or ".join(text for kind, text in _KINDS.items() if kind in kinds)
