"""What the type of an output, as it is written, says of the values that it may bring along."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

_TEXT: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_NAME: Final = re.compile(r"[A-Za-z_][\w.]*(\s*\[)?")
_ATOMS: Final = frozenset(
    """
    bool bytes bytearray complex date datetime Decimal float int None Path str time timedelta UUID Literal
    """.split()
)
_CONTAINERS: Final = frozenset(
    """
    Annotated dict Dict frozenset FrozenSet Iterable list List Mapping Optional Sequence set Set tuple Tuple Union
    """.split()
)
_TABLES: Final = frozenset(
    """
    DataFrame Index LazyFrame MultiIndex NDArray Series Table ndarray
    """.split()
)


class Passed(Enum):
    """What code a value may bring into the step that reads it."""

    NOTHING = "nothing"  # plain data
    LIBRARY = "library"  # a table or an array: code of the library that the type is from
    ANYTHING = "anything"  # an object: methods of any class that its maker knows


def passed_by(annotation: str) -> Passed:
    """Of an output's type; none is written, or one that says nothing: anything."""
    names = [(found[0].rstrip("[ ").rpartition(".")[2], bool(found[1])) for found in _NAME.finditer(_TEXT.sub("", annotation))]
    if not names:
        return Passed.ANYTHING
    found = Passed.NOTHING
    for name, has_arguments in names:
        if name in _TABLES:
            found = Passed.LIBRARY
        elif name not in _ATOMS and not (name in _CONTAINERS and has_arguments):
            return Passed.ANYTHING
    return found


def roots(annotation: str) -> set[str]:
    """The names that the types are reached by in their module: `pd` of `pd.DataFrame`."""
    return {found[0].rstrip("[ ").partition(".")[0] for found in _NAME.finditer(_TEXT.sub("", annotation))}
