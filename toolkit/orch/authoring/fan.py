"""`step.map(...)` and `step.product(...)`: which arguments vary from leg to leg, and what is wrong with them."""

from __future__ import annotations

import collections.abc
import itertools
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar, Union

from orch.authoring import typecheck
from orch.authoring.futures import Future, OutputFuture, ParameterFuture
from orch.errors import ArgumentError, MapError, OrchError, Where
from orch.model.fans import Fan
from orch.model.legs import check_zip

T = TypeVar("T")

_SEQUENCES = (list, tuple, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection)
_SHARED = "pass unmapped(...) for what all legs share"


class Unmapped(Generic[T]):
    """What every leg gets whole."""

    def __init__(self, value: T) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"unmapped({self.value!r})"


def unmapped(value: T) -> Unmapped[T]:
    """In `step.map(...)` and `step.product(...)`: every leg gets `value` as it is, also if it is a list."""
    return Unmapped(value)


class Limits(NamedTuple):
    """What the options of a step say of its legs."""

    max_parallel: int | None = None
    max_items: int | None = None


class Spread:
    """One call of `map` or `product` while a pipeline is traced."""

    def __init__(self, *, product: bool) -> None:
        self.product = product
        self.over: list[str] = []
        self._lengths: dict[str, int] = {}

    @property
    def call(self) -> str:
        return "product" if self.product else "map"

    def take(self, name: str, value: object, hint: Any, what: str, where: Where | None) -> tuple[object, OrchError | None]:
        """What goes into the graph for an argument that varies, and what is wrong with it."""
        self.over.append(name)
        if isinstance(value, (OutputFuture, ParameterFuture)):
            return value, _check_future(value, hint, what, where)
        if isinstance(value, Future):
            return value, None  # its misuse is already reported
        if type(value) not in (list, tuple, range):
            hint = "pass a list, or unmapped(...) for what all legs share"
            return [], MapError(f"{what} is mapped over {_shown(value)}, which is not a list", hint=hint, where=where)
        members = list(value)  # type: ignore[call-overload]
        self._lengths[name] = len(members)
        for number, member in enumerate(members):
            if not typecheck.value_fits(member, hint):
                message = f"{what} is {typecheck.name_of(hint)}, but item {number} of its list is {member!r}"
                return members, ArgumentError(message, hint="pass a list of values of the type that the step takes", where=where)
        return members, None

    def fan(self, step_id: str, limits: Limits, where: Where | None) -> Fan:
        """Raises MapError where nothing varies, or what varies has different lengths."""
        if not self.over:
            message = f"step {step_id!r} is mapped over nothing"
            raise MapError(message, hint=f"pass `.{self.call}(...)` a list that is not unmapped(...), or call the step itself", where=where)
        if self._lengths and not self.product:
            try:
                check_zip(step_id, self._lengths)
            except MapError as error:
                error.where = where
                raise
        return Fan(tuple(self.over), self.product, *limits)


def limits_of(options: Mapping[str, Any], where: Where) -> Limits:
    """The options of these names; raises ArgumentError."""
    for name in Limits._fields:
        given = options.get(name)
        if given is not None and (type(given) is not int or given < 1):
            raise ArgumentError(f"{name} is {given!r}, expected a whole number from 1", hint="leave it out for no limit", where=where)
    return Limits(*map(options.get, Limits._fields))


def _shown(value: object) -> str:
    """Without an address of memory, which would be another one in each run."""
    return f"a {type(value).__name__}" if " at 0x" in (text := repr(value)) else text


def _check_future(value: OutputFuture | ParameterFuture, hint: Any, what: str, where: Where | None) -> OrchError | None:
    item = _item_hint(value._orch_hint)
    if item is None:
        message = f"{what} is mapped over {value._orch_what}, which is {typecheck.name_of(value._orch_hint)} and not a list"
        return MapError(message, hint=f"annotate it as list[...], or {_SHARED}", where=where)
    if typecheck.type_fits(item, hint):
        return None
    message = f"{what} is {typecheck.name_of(hint)}, but an item of {value._orch_what} is {typecheck.name_of(item)}"
    return ArgumentError(message, hint="pass a list of values of the type that the step takes", where=where)


def _item_hint(hint: Any) -> Any:
    """The type of the items of what is of type `hint`, `Any` where that is not said; None where it certainly is no list."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _item_hint(args[0])
    if origin in (Union, types.UnionType):
        found = [item for member in args if (item := _item_hint(member)) is not None]
        return None if not found else found[0] if len(found) == 1 else Any
    kind = origin or hint
    if kind in (Any, object) or not isinstance(kind, type):
        return Any
    if kind not in _SEQUENCES:
        return None
    return args[0] if len(args) == 1 or (kind is tuple and len(args) == 2 and args[1] is ...) else Any


# --- outside of a pipeline: plain Python ---


def call_each(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], *, product: bool) -> Any:
    """The list of what `function` returns for each item; of several outputs a tuple of lists, as in a pipeline."""
    from orch.authoring.annotations import read_signature

    signature = read_signature(function)
    bound = signature.parameters.bind(*args, **kwargs)
    spread = Spread(product=product)
    lists: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        if not isinstance(value, Unmapped):
            lists[name], problem = spread.take(name, value, Any, f"argument {name!r} of step {function.__name__!r}", None)
            if problem:
                raise problem
    spread.fan(function.__name__, Limits(), None)
    bound.arguments.update({name: value.value for name, value in bound.arguments.items() if isinstance(value, Unmapped)})
    results = []
    for combination in itertools.product(*lists.values()) if product else zip(*lists.values(), strict=True):
        bound.arguments.update(zip(lists, combination, strict=True))
        results.append(function(*bound.args, **bound.kwargs))
    if not signature.several:
        return results
    return tuple([result[number] for result in results] for number in range(len(signature.outputs)))
