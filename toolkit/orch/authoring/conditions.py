"""`with when(...)`, `otherwise()` and `either(...)`: parts of a pipeline that run only if something is true.

To a type checker `accuracy > 0.9` is a bool and `~(accuracy > 0.9)` an int; in a pipeline they are conditions.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

from orch.authoring import active
from orch.errors import ConditionError

if TYPE_CHECKING:
    from orch.authoring.blocks import Block, Blocks

T = TypeVar("T")


def when(condition: bool | int, /) -> Block:
    """`with when(accuracy > 0.9):` around steps that run only if that is true; else they are skipped, and those that read from them.

    A condition compares a step's output, or a parameter, with plain values: `>`, `>=`, `<`, `<=`, `==`, `!=`, or it is one that
    is True or False itself; `&`, `|` and `~` combine conditions, each in parentheses.
    """
    return _blocks("when").when(condition, sys._getframe(1))


def otherwise() -> Block:
    """`with otherwise():` directly below a `with when(...):` block, around steps that run only if its condition is false."""
    return _blocks("otherwise").otherwise(sys._getframe(1))


def either(*values: T) -> T:
    """The first of these outputs whose step ran, to join branches: the steps of the others were skipped."""
    chosen: Any = _blocks("either").either(values, _tracing("either").report_use)
    return chosen  # type: ignore[no-any-return]


def _tracing(name: str) -> active.Tracing:
    trace = active.current.get()
    if trace is None:
        hint = "call it in a function with @pipeline"
        raise ConditionError(f"{name}() is called outside of a pipeline", hint=hint)
    return trace


def _blocks(name: str) -> Blocks:
    blocks: Blocks = _tracing(name).blocks
    return blocks
