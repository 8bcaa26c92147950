"""Text for people. What a step, an artifact or a file wrote may hold anything, so it is made harmless before it is shown."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final, TextIO

from orch.runtime.lines import last_states

# Besides the control characters: line separators, marks that reorder what is read, and halves of surrogate pairs.
_UNSAFE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LINE_UNSAFE: Final = re.compile(rf"[\t\n]|{_UNSAFE.pattern}")
_COLOUR: Final = re.compile(r"\x1b\[[0-9;:]*m")
_CONTROL_SEQUENCE: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")

_SGR: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def printable(text: str) -> str:
    """`text` with every character that a terminal would act on written out, except newlines and tabs."""
    return _UNSAFE.sub(_written_out, text)


def one_line(text: str) -> str:
    """`printable`, and newlines and tabs written out too."""
    return _LINE_UNSAFE.sub(_written_out, text)


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(found[0]) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def log_line(line: str, *, colour: bool) -> str:
    """A line of a step's log as a terminal would leave it: what a progress bar overwrote is gone, colours stay if wanted."""
    line = last_states(line)
    if not colour:
        return _UNSAFE.sub(_written_out, _CONTROL_SEQUENCE.sub("", line))
    parts = []
    end = 0
    for found in _COLOUR.finditer(line):
        parts += [log_line(line[end : found.start()], colour=False), found[0]]
        end = found.end()
    parts.append(log_line(line[end:], colour=False))
    return "".join(parts) + ("\x1b[0m" if end else "")


def lines_of(text: str) -> list[str]:
    """The lines of a log; only a newline ends a line."""
    return text.removesuffix("\n").split("\n") if text else []


def takes_colour(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """https://no-color.org"""
    return is_terminal(stream, environ) and not environ.get("NO_COLOR")


def is_terminal(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    return stream.isatty() and environ.get("TERM") != "dumb"


def paint(text: str, *styles: str, colour: bool) -> str:
    return f"\x1b[{';'.join(_SGR[style] for style in styles)}m{text}\x1b[0m" if colour and styles and text else text


def elapsed(seconds: float) -> str:
    """A time that is not over yet: whole seconds, so that it moves calmly."""
    return f"{int(seconds)} s" if seconds < 60 else duration(int(seconds))


def duration(seconds: float) -> str:
    if not 0 <= seconds < 1e9:  # only a damaged record says so
        return "?"
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: max(width - 1, 0)]}…"
