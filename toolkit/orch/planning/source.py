"""What one source file says, as data: its top-level statements, what each binds, mentions, imports and does.

It depends on the bytes of the file alone, so it can be remembered with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple


def digest_of_bytes(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Kind(StrEnum):
    """What a top-level statement is for. `main` and `typing` are not executed when a step imports the module."""

    STATEMENT = "statement"
    IMPORT = "import"  # one name of an import statement
    DEFINITION = "definition"  # a function, whose body is not executed by importing
    STEP = "step"
    PIPELINE = "pipeline"
    MAIN = "main"  # the body of `if __name__ == "__main__"`
    TYPING = "typing"  # the body of `if TYPE_CHECKING`


class How(StrEnum):
    """How far an import goes."""

    MODULE = "module"  # `module`, the packages that it lies in, and `name` in it if that is a module
    STAR = "star"
    MAYBE = "maybe"  # `module` if there is one: a chain of attributes, or a text that looks like a name
    BELOW = "below"  # every module of the package `module`


class Import(NamedTuple):
    """`level` counts the leading dots."""

    how: str
    level: int
    module: str
    name: str = ""


class Blind(NamedTuple):
    """What cannot be followed; `variable` if it reads that one environment variable."""

    line: int
    text: str
    variable: str = ""


class Unit(NamedTuple):
    """A top-level statement, or one name of an import."""

    kind: str
    line: int
    digest: str
    binds: Sequence[str] = ()
    mentions: Sequence[str] = ()  # names of this module
    named: Sequence[str] = ()  # names of this module that it holds as texts, such as "Model" in an annotation
    settings: Sequence[str] = ()  # names that only the options of its decorator mention
    imports: Sequence[Import] = ()
    blind: Sequence[Blind] = ()
    has_effect: bool = False  # executing it does more than bind names
    doubts: Sequence[str] = ()  # it has an effect if one of these top-level modules is first-party
    looks_around: bool = False  # it may read any name of its module
    asks_date: bool = False
    has_class: bool = False

    @property
    def is_executed(self) -> bool:
        """Whether importing the module executes it."""
        return self.kind not in (Kind.MAIN, Kind.TYPING)


class Source(NamedTuple):
    """A whole file: its units together. `digest` is that of the normal form, `text` that of the bytes."""

    digest: str
    text: str
    imports: Sequence[Import] = ()
    blind: Sequence[Blind] = ()
    binds: Sequence[str] = ()
    doubts: Sequence[str] = ()
    has_effect: bool = False
    asks_date: bool = False
    has_class: bool = False
    is_opaque: bool = False  # no Python that can be read: an extension module, or an error of syntax


def source_of(digest: str, text: str, units: Sequence[Unit]) -> Source:
    executed = [unit for unit in units if unit.is_executed]
    return Source(
        digest,
        text,
        sorted({each for unit in units for each in unit.imports}),
        [each for unit in units for each in unit.blind],
        sorted({name for unit in executed for name in unit.binds}),
        sorted({name for unit in executed for name in unit.doubts}),
        any(unit.has_effect for unit in executed),
        any(unit.asks_date for unit in units),
        any(unit.has_class for unit in units),
    )


def opaque_source(digest: str) -> Source:
    """Of what says nothing that can be read: nobody knows what importing it does, or which classes it has."""
    return Source(digest, digest, has_effect=True, has_class=True, is_opaque=True)


def source_from_json(data: list[Any]) -> Source:
    """Raises TypeError for what `list(source)` never was."""
    return Source(*_with_tuples(data, *_PLACES_IN_SOURCE))


def units_from_json(data: list[Any]) -> list[Unit]:
    """Raises TypeError for what they never were."""
    return [Unit(*_with_tuples(row, *_PLACES_IN_UNIT)) for row in data]


_PLACES_IN_SOURCE: Final = (Source._fields.index("imports"), Source._fields.index("blind"))
_PLACES_IN_UNIT: Final = (Unit._fields.index("imports"), Unit._fields.index("blind"))


def _with_tuples(row: list[Any], imports: int, blind: int) -> list[Any]:
    if row[imports]:
        row[imports] = [Import(*each) for each in row[imports]]
    if row[blind]:
        row[blind] = [Blind(*each) for each in row[blind]]
    return row
