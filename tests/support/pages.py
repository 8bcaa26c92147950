"""The project's pages. Who asks for the fenced blocks of one sees to it that what they show holds: `TAKEN` remembers what was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md"),
    *sorted(path.relative_to(ROOT).as_posix() for folder in ("docs", "examples") for path in (ROOT / folder).rglob("*.md")),
)
_FENCED: Final = re.compile(r"^ *```([a-z]*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """Of `page`, from the root of the repository; `text` begins at `line`."""

    page: str
    language: str
    text: str
    line: int


TAKEN: Final[set[tuple[str, str, str]]] = set()


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def every_block(page: str) -> Iterator[Block]:
    whole = text(page)
    for found in _FENCED.finditer(whole):
        yield Block(page, found[1], found[2], whole.count("\n", 0, found.start(2)) + 1)


def blocks(page: str, *languages: str) -> list[Block]:
    """Those in one of `languages`, to be run or compared with what there is."""
    found = [block for block in every_block(page) if block.language in languages]
    TAKEN.update(block[:3] for block in found)
    return found
