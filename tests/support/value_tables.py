"""The tables of docs/values.md: what is kept as what, and what is refused; each of their values is an expression of Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from support import pages

SECTIONS: Final = {title: text for title, _, text in (part.partition("\n") for part in pages.text("docs/values.md").split("\n## ")[1:])}


class Kept(NamedTuple):
    value: str
    kept: str


class Refused(NamedTuple):
    value: str
    why: str
    way_out: str


def rows(section: str) -> Iterator[list[str]]:
    _, _, *lines = [line for line in SECTIONS[section].splitlines() if line.startswith("| ")]
    for line in lines:
        yield [cell.strip() for cell in line.strip("|").split(" | ")]


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def kept() -> list[Kept]:
    found = rows("How each type is kept")
    return [Kept(value, quoted(kept)[0]) for values, kept in found for value in quoted(values.partition("`: ")[0] + "`")]


def refused() -> list[Refused]:
    return [Refused(quoted(value)[0], why, quoted(out)[0]) for value, why, out in rows("What is refused, and the way out")]
