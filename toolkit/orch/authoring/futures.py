"""What stands for a value while the graph is built: passed on freely, never looked into.

Any other use of one is a mistake that would silently build the wrong graph, so each is reported with its place; the
use then yields something harmless, so that tracing goes on and finds the other mistakes too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn


class Future:
    """`_report(use)` notes that the user treated this as a value."""

    def __init__(self, what: str, report: Callable[[Future, str], None]) -> None:
        self._orch_what = what
        self._orch_report = report
        self._orch_hint: Any = Any

    def __repr__(self) -> str:
        return f"<{self._orch_what}, not known until it runs>"

    def _orch_use(self, use: str) -> Future:
        self._orch_report(self, use)
        return silent(self._orch_what)  # one report for a whole chain: `x.mean().round()`

    def __bool__(self) -> bool:
        self._orch_use("tested as true or false")
        return True

    def __iter__(self) -> Iterator[Any]:
        self._orch_use("iterated or unpacked")
        return iter(())

    def __len__(self) -> int:
        self._orch_use("measured with len()")
        return 0

    def __contains__(self, item: object) -> bool:
        self._orch_use("searched with `in`")
        return False

    def __str__(self) -> str:
        self._orch_use("turned into text")
        return repr(self)

    def __format__(self, spec: str) -> str:
        self._orch_use("formatted into text")
        return repr(self)

    def __int__(self) -> int:
        self._orch_use("converted to a number")
        return 0

    def __float__(self) -> float:
        self._orch_use("converted to a number")
        return 0.0

    def __index__(self) -> int:
        self._orch_use("used as an index")
        return 0

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._orch_use(f"asked for .{name}")

    def __getitem__(self, key: object) -> Any:
        return self._orch_use("indexed")

    def __call__(self, *_args: object, **_kwargs: object) -> Any:
        return self._orch_use("called")

    def __enter__(self) -> Any:
        return self._orch_use("entered by `with`")

    def __exit__(self, *error: object) -> None:
        return None

    def _orch_compare(self, _operator: str, _other: object) -> Future:
        return self._orch_use("compared")

    def __eq__(self, other: object) -> Any:
        return self._orch_compare("==", other) if other is not self else True

    def __ne__(self, other: object) -> Any:
        return self._orch_compare("!=", other) if other is not self else False

    def __lt__(self, other: object) -> Any:
        return self._orch_compare("<", other)

    def __le__(self, other: object) -> Any:
        return self._orch_compare("<=", other)

    def __gt__(self, other: object) -> Any:
        return self._orch_compare(">", other)

    def __ge__(self, other: object) -> Any:
        return self._orch_compare(">=", other)

    __hash__ = object.__hash__

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self!r} cannot be pickled")


def _operator(name: str, use: str) -> None:
    setattr(Future, name, lambda self, *_others: self._orch_use(use))


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift"):
    _operator(f"__{_name}__", "used in an expression")
    _operator(f"__r{_name}__", "used in an expression")
for _name in ("neg", "pos", "abs", "invert", "round", "complex"):
    _operator(f"__{_name}__", "used in an expression")


def silent(what: str) -> Future:
    """Stands for something whose misuse is already reported, or cannot be told from its cause."""
    return Future(what, lambda _future, _use: None)


class Truth(Future):
    """What a condition can be made of: compared, or true or false by itself, and combined by `&`, `|` and `~`."""

    def _orch_compare(self, operator: str, other: object) -> Future:
        return ConditionFuture(self, operator, other)

    def _orch_combine(self, operator: str, other: object) -> Future:
        if isinstance(other, (Truth, bool)):
            return ConditionFuture(self, operator, other)
        return self._orch_use(f"combined with {shown(other)} by `{operator}`")

    def __and__(self, other: object) -> Any:
        return self._orch_combine("&", other)

    def __or__(self, other: object) -> Any:
        return self._orch_combine("|", other)

    __rand__, __ror__ = __and__, __or__

    def __invert__(self) -> Any:
        return ConditionFuture(self, "~", None)


class ConditionFuture(Truth):
    """A comparison (`left operator right`) or a combination of conditions, as it was written."""

    def __init__(self, left: Truth, operator: str, right: object) -> None:
        written = f"~{shown(left)}" if operator == "~" else f"{shown(left)} {operator} {shown(right)}"
        super().__init__(f"condition {written}", left._orch_report)
        self._orch_left = left
        self._orch_operator = operator
        self._orch_right = right
        self._orch_hint = bool

    def _orch_compare(self, _operator: str, _other: object) -> Future:
        return self._orch_use("compared")


class OutputFuture(Truth):
    """One output of a step of `trace`; `_orch_output` is None for the call of a step without outputs."""

    def __init__(self, what: str, report: Callable[[Future, str], None], trace: object, step: str, output: str | None, hint: Any) -> None:
        super().__init__(what, report)
        self._orch_trace = trace
        self._orch_step = step
        self._orch_output = output
        self._orch_hint = hint


class MappedFuture(OutputFuture):
    """One output of a mapped step: the list of what its legs made. `hint` is the type of what one leg makes."""

    def __init__(self, what: str, report: Callable[[Future, str], None], trace: object, step: str, output: str | None, hint: Any) -> None:
        super().__init__(what, report, trace, step, output, list[hint])


class ChoiceFuture(Future):
    """The first of several outputs whose step ran."""

    def __init__(self, report: Callable[[Future, str], None], items: tuple[OutputFuture, ...]) -> None:
        super().__init__(f"either({', '.join(map(shown, items))})", report)
        self._orch_items = items


class ParameterFuture(Truth):
    """A parameter of the pipeline."""

    def __init__(self, what: str, report: Callable[[Future, str], None], name: str, hint: Any) -> None:
        super().__init__(what, report)
        self._orch_name = name
        self._orch_hint = hint


def shown(value: object) -> str:
    """How people write `value` in a condition; of what is no plain value, what it is."""
    match value:
        case OutputFuture(_orch_output=str(output)):
            return f"{value._orch_step}.{output}"
        case ParameterFuture():
            return value._orch_name
        case ConditionFuture():
            return f"({value._orch_what.removeprefix('condition ')})"
        case Future():
            return value._orch_what
        case bool() | int() | float() | str() | None:
            return repr(value)
        case _:
            return f"a value of type {type(value).__name__}"
