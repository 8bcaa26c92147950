"""Whether an argument fits an annotation, as far as that can be known without running the step.

Three-valued by design: what is not understood (a protocol, a type variable, a generic's parameters of a user's class)
is let through, so that a correct pipeline is never refused.
"""

from __future__ import annotations

import collections.abc
import types
import typing
from typing import Any, Union

from orch.authoring.futures import Future

_PROMOTIONS = {float: (int,), complex: (int, float)}


def value_fits(value: object, hint: Any) -> bool:
    """False only where `value` certainly is not of type `hint`; a future is as what its step declares."""
    if isinstance(value, Future):
        return type_fits(value._orch_hint, hint)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or hint is None or hint is type(None):
        return hint is Any or value is None
    if origin is typing.Annotated:
        return value_fits(value, args[0])
    if origin in (Union, types.UnionType):
        return any(value_fits(value, member) for member in args)
    if origin is typing.Literal:
        return any(type(value) is type(choice) and value == choice for choice in args)
    if origin in (list, collections.abc.Sequence, collections.abc.Iterable) and isinstance(value, (list, tuple)):
        return (origin is not list or type(value) is list) and all(value_fits(item, args[0]) for item in value)
    if origin in (dict, collections.abc.Mapping):
        return isinstance(value, dict) and all(value_fits(k, args[0]) and value_fits(v, args[1]) for k, v in value.items())
    if origin is tuple and isinstance(value, tuple):
        if len(args) == 2 and args[1] is Ellipsis:
            return all(value_fits(item, args[0]) for item in value)
        return len(args) == len(value) and all(map(value_fits, value, args))
    kind = origin or hint
    if not isinstance(kind, type) or typing.is_typeddict(kind) or getattr(kind, "_is_protocol", False):
        return True
    if type(value) is bool and kind in (int, float):
        return kind is int
    return isinstance(value, (kind, *_PROMOTIONS.get(kind, ())))


def type_fits(given: Any, wanted: Any) -> bool:
    """False only where no value of type `given` is one of type `wanted`."""
    if given is wanted or given is Any or wanted is Any or wanted is object:
        return True
    given_args, wanted_args = typing.get_args(given), typing.get_args(wanted)
    if typing.get_origin(given) is typing.Annotated:
        return type_fits(given_args[0], wanted)
    if typing.get_origin(wanted) is typing.Annotated:
        return type_fits(given, wanted_args[0])
    if typing.get_origin(given) in (Union, types.UnionType):
        return any(type_fits(member, wanted) for member in given_args)
    if typing.get_origin(wanted) in (Union, types.UnionType):
        return any(type_fits(given, member) for member in wanted_args)
    given, wanted = (type(None) if kind is None else kind for kind in (given, wanted))
    given_kind, wanted_kind = typing.get_origin(given) or given, typing.get_origin(wanted) or wanted
    for kind in (given_kind, wanted_kind):
        if not isinstance(kind, type) or typing.is_typeddict(kind) or getattr(kind, "_is_protocol", False):
            return True
    try:
        if issubclass(given_kind, (wanted_kind, *_PROMOTIONS.get(wanted_kind, ()))):
            return _arguments_fit(given_kind, given_args, wanted_args)
        return issubclass(wanted_kind, given_kind)  # a narrower parameter may still be met at run time
    except TypeError:
        return True


def _arguments_fit(kind: type, given: tuple[Any, ...], wanted: tuple[Any, ...]) -> bool:
    if kind not in (list, dict, set, frozenset) or len(given) != len(wanted):
        return True
    return all(type_fits(mine, other) for mine, other in zip(given, wanted, strict=True))


def name_of(hint: Any) -> str:
    """A type as a person would write it."""
    if hint is None or hint is type(None):
        return "None"
    if isinstance(hint, type) and not typing.get_args(hint):
        return hint.__name__ if hint.__module__ == "builtins" else f"{hint.__module__}.{hint.__qualname__}"
    return str(hint).replace("typing.", "")
