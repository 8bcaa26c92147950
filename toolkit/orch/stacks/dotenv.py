"""Reading `NAME=value` files strictly: what different readers of such files understand differently is an error.

No error holds a value: the file is made of secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from orch.errors import OrchError, SecretsFileError, Where, raise_problems

_NAME: Final = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*")
_NOTHING: Final = re.compile(r"[ \t]*(?:#[^\n]*)?(?=\n|$)")
_BARE: Final = re.compile(r"[^\n]*?(?=[ \t]+#|[ \t]*(?:\n|$))")
_SINGLE: Final = re.compile(r"'([^']*)'")
_DOUBLE: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)|\$", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "$": "$"}


class _Trouble(Exception):
    """What is wrong in the line in which `end` lies; reading goes on below it, never inside a value."""

    def __init__(self, message: str, hint: str, end: int) -> None:
        super().__init__(message)
        self.hint = hint
        self.end = end


class _Line(NamedTuple):
    number: int
    name: str
    value: str


def parse(data: bytes, file: str) -> dict[str, str]:
    """The variables of `data`, which people know as `file`; raises every SecretsFileError at once.

    Values are bare, or in single quotes as they are, or in double quotes with the escapes of `_ESCAPED`; quoted ones may have
    several lines. Nothing is interpolated and no shell is asked.
    """
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise SecretsFileError("this is not UTF-8", where=Where(file, data.count(b"\n", 0, error.start) + 1)) from None
    problems: list[OrchError] = []
    found: dict[str, _Line] = {}
    for line in _lines(text, file, problems):
        if before := found.get(line.name):
            message = f"{line.name!r} stands here twice, first in line {before.number}"
            problems.append(SecretsFileError(message, hint="remove one of them", where=Where(file, line.number)))
        found.setdefault(line.name, line)
    raise_problems(problems)
    return {name: line.value for name, line in found.items()}


def _lines(text: str, file: str, problems: list[OrchError]) -> Iterator[_Line]:
    at = 0
    while at < len(text):
        number = text.count("\n", 0, at) + 1
        if nothing := _NOTHING.match(text, at):
            at = nothing.end() + 1
            continue
        try:
            name, start = _name(text, at)
            value, at = _value(text, start, name)
            yield _Line(number, name, value)
        except _Trouble as trouble:
            problems.append(SecretsFileError(str(trouble), hint=trouble.hint, where=Where(file, number)))
            at = _end_of_line(text, trouble.end)
        at += 1


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _name(text: str, at: int) -> tuple[str, int]:
    if found := _NAME.match(text, at):
        return found[1], found.end()
    raise _Trouble("this line is not NAME=value, and not a comment", "names have ASCII letters, digits and '_', and no leading digit", at)


def _value(text: str, at: int, name: str) -> tuple[str, int]:
    """The value that begins at `at`, and where its line ends."""
    quote = text[at : at + 1]
    if quote not in ("'", '"'):
        value, end = _bare(text, at, name)
    elif found := (_SINGLE if quote == "'" else _DOUBLE).match(text, at):
        end = found.end()
        value = found[1] if quote == "'" else _unescaped(found[1], name, end)
    else:
        raise _Trouble(f"the quote before the value of {name!r} is not closed", f"end the value with {quote}", len(text))
    nothing = _NOTHING.match(text, end)
    if nothing is None:
        hint = "a quoted value ends with its quote; a comment begins with ' #'"
        raise _Trouble(f"something follows the quoted value of {name!r}", hint, end)
    if "\0" in value:
        raise _Trouble(f"the value of {name!r} has a NUL, which no environment variable can have", "encode it, as with base64", end)
    return value, nothing.end()


def _bare(text: str, at: int, name: str) -> tuple[str, int]:
    found = _BARE.match(text, at)
    assert found is not None
    if any(char.isspace() or char in "'\"`$\\" for char in found[0]):
        message = f"the value of {name!r} has a space, quote, '$' or backslash"
        raise _Trouble(message, f"put it between single quotes: {name}='...'", found.end())
    return found[0], found.end()


def _unescaped(text: str, name: str, end: int) -> str:
    def replace(found: re.Match[str]) -> str:
        if found[1] is None:
            hint = "nothing is interpolated: write \\$, or use single quotes"
            raise _Trouble(f"the value of {name!r} has a '$' in double quotes", hint, end)
        if found[1] not in _ESCAPED:
            hint = 'double quotes know \\n, \\r, \\t, \\\\, \\" and \\$; single quotes take everything as it is'
            raise _Trouble(f"the value of {name!r} has a backslash that escapes nothing", hint, end)
        return _ESCAPED[found[1]]

    return _ESCAPE.sub(replace, text)
