"""What one source file says, as data: its top-level statements, what each binds, mentions, imports and does.

It depends on the bytes of the file alone, so it can be remembered with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


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
    """`digest` is that of the normal form, `text` that of the bytes."""

    digest: str
    text: str
    units: Sequence[Unit]
    is_opaque: bool = False  # no Python that can be read: an extension module, or an error of syntax

    @classmethod
    def from_json(cls, data: list[object]) -> Source:
        """Raises TypeError or ValueError for what `list(source)` never was."""
        digest, text, rows, is_opaque = data
        units = []
        for row in rows:  # type: ignore[attr-defined]
            unit = Unit(*row)
            if unit.imports or unit.blind:
                unit = unit._replace(imports=[Import(*each) for each in unit.imports], blind=[Blind(*each) for each in unit.blind])
            units.append(unit)
        return cls(digest, text, units, is_opaque)  # type: ignore[arg-type]
