"""GitHub's expressions as typed data, printed with every literal quoted and no parenthesis too few.

https://docs.github.com/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Literal:
    """https://docs.github.com/actions/reference/workflows-and-actions/expressions#literals"""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Context:
    """A value of a context, as `needs.load.result`: https://docs.github.com/actions/reference/workflows-and-actions/contexts"""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """https://docs.github.com/actions/reference/workflows-and-actions/expressions#functions"""

    function: str
    arguments: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A value inside another, as `fromJSON(...).load`: https://docs.github.com/actions/reference/workflows-and-actions/contexts"""

    of: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Equal:
    """https://docs.github.com/actions/reference/workflows-and-actions/expressions#operators"""

    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Not:
    """https://docs.github.com/actions/reference/workflows-and-actions/expressions#operators"""

    term: Expression


@dataclass(frozen=True, slots=True)
class And:
    """True without terms: https://docs.github.com/actions/reference/workflows-and-actions/expressions#operators"""

    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """False without terms: https://docs.github.com/actions/reference/workflows-and-actions/expressions#operators"""

    terms: tuple[Expression, ...]


Expression = Literal | Context | Call | Member | Equal | Not | And | Or

# https://docs.github.com/actions/reference/workflows-and-actions/expressions#status-check-functions
ALWAYS: Final = Call("always")
CANCELLED: Final = Call("cancelled")
FAILURE: Final = Call("failure")


def need_succeeded(job: str) -> Expression:
    return Equal(Context(("needs", job, "result")), Literal("success"))


def need_skipped(job: str) -> Expression:
    return Equal(Context(("needs", job, "result")), Literal("skipped"))


def to_json(value: Expression) -> Expression:
    return Call("toJSON", (value,))


def from_json(value: Expression) -> Expression:
    return Call("fromJSON", (value,))


def interpolate(expression: Expression) -> str:
    """`expression` where GitHub expects text: `${{ ... }}`."""
    return "${{ " + render(expression) + " }}"


def is_plain(text: str) -> bool:
    """Whether GitHub reads `text` as it stands, with no expression in it."""
    return "${{" not in text


def render(expression: Expression) -> str:
    match expression:
        case Literal(str(value)):
            return "'" + value.replace("'", "''") + "'"
        case Literal(value):
            return json.dumps(value, allow_nan=False)
        case Context(path):
            return path[0] + "".join(_member(part) for part in path[1:])
        case Call(function, arguments):
            return f"{function}({', '.join(map(render, arguments))})"
        case Member(of, name):
            return f"{render(of)}{_member(name)}"
        case Equal(left, right):
            return f"{_operand(left)} == {_operand(right)}"
        case Not(term):
            return "!" + _operand(term)
        case And(terms):
            return " && ".join(f"({render(term)})" if isinstance(term, Or) else render(term) for term in terms) or "true"
        case Or(terms):
            return " || ".join(map(render, terms)) or "false"


def _member(name: str) -> str:
    if name == "*":  # https://docs.github.com/actions/reference/workflows-and-actions/expressions#object-filters
        return ".*"
    return f".{name}" if _NAME.fullmatch(name) else f"[{render(Literal(name))}]"


def _operand(expression: Expression) -> str:
    """`expression` beside an operator that binds more tightly than `==`, `&&` and `||`."""
    return f"({render(expression)})" if isinstance(expression, (Equal, And, Or)) else render(expression)
