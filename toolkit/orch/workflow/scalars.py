"""Text with a wish for how YAML shows it; equal to the plain text in every other respect."""

from __future__ import annotations

from typing import Self, TypeVar

T = TypeVar("T")


class Commented(str):
    """One line with a comment behind it, as the version behind a pinned SHA."""

    __slots__ = ("comment",)
    comment: str

    def __new__(cls, value: str, comment: str) -> Self:
        made = super().__new__(cls, value)
        made.comment = comment
        return made


class Script(str):
    """Lines of a shell script: shown as they are typed."""

    __slots__ = ()


class OneLine(list[T]):
    """A list that stands on one line."""

    __slots__ = ()


class OneLineTable(dict[str, T]):
    """A table that stands on one line."""

    __slots__ = ()
