"""GitHub's patterns of branches and paths, which are not the shell's: `?` and `+` repeat what stands before them.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from typing import Final

_SET: Final = re.compile(r"\[([^\]/]+)\]")


def touches(globs: Sequence[str], paths: Iterable[str]) -> bool:
    """Whether one of `paths` is meant: of the globs that fit it the last one decides, and one with `!` takes it out. Raises ValueError."""
    patterns = [(glob.startswith("!"), pattern(glob.removeprefix("!"))) for glob in globs]
    return any(_is_meant(path, patterns) for path in paths)


def problem(globs: Sequence[str]) -> str | None:
    """What is wrong with a list of patterns, or None."""
    for glob in globs:
        try:
            pattern(glob.removeprefix("!"))
        except ValueError as error:
            return f"{glob!r} {error}"
    if globs and globs[0].startswith("!"):
        return f"{globs[0]!r} takes out of nothing: a pattern without '!' comes first"
    return None


@functools.cache
def pattern(glob: str) -> re.Pattern[str]:
    """Raises ValueError where GitHub could not read it."""
    if not glob:
        raise ValueError("is empty")
    made, at = [], 0
    while at < len(glob):
        if glob.startswith("**/", at):
            made.append("(?:.*/)?")
            at += 3
        elif glob.startswith("**", at):
            made.append(".*")
            at += 2
        elif glob[at] == "*":
            made.append("[^/]*")
            at += 1
        elif glob[at] in "?+":
            if not made or glob[at - 1] in "*?+/":
                raise ValueError(f"has a {glob[at]!r} with nothing before it that it could repeat")
            made[-1] += glob[at]
            at += 1
        elif glob[at] == "[":
            found = _SET.match(glob, at)
            if not found:
                raise ValueError("has a '[' that is not closed")
            made.append("[" + "".join(char if char == "-" else re.escape(char) for char in found[1]) + "]")
            at = found.end()
        else:
            escaped = glob[at] == "\\" and at + 1 < len(glob)
            made.append(re.escape(glob[at + escaped]))
            at += 1 + escaped
    try:
        return re.compile("".join(made), re.DOTALL)
    except re.error as error:
        raise ValueError(f"cannot be read: {error}") from None


def _is_meant(path: str, patterns: list[tuple[bool, re.Pattern[str]]]) -> bool:
    fitting = [is_out for is_out, each in patterns if each.fullmatch(path)]
    return bool(fitting) and not fitting[-1]
