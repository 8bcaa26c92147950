"""What a step prints, as whole lines without its secrets: the same text, however it was cut into pieces on its way."""

from __future__ import annotations

import codecs
from typing import Final

from orch.runtime.redact import Redactor

_LONGEST: Final = 1 << 26  # characters: a line that does not end is broken here, or a step could fill the memory of its scheduler
_decoder = codecs.getincrementaldecoder("utf-8")


def last_states(text: str) -> str:
    """Lines as a terminal leaves them: of one that was written over, as progress bars do, what was written last."""
    if "\r" not in text:
        return text
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


class Lines:
    """Text is held while its line has no end, and while a secret may have begun in it that goes on in what comes next."""

    def __init__(self, redact: Redactor) -> None:
        self._redact = redact
        self._decoder = _decoder("backslashreplace")
        self._held: list[str] = []  # pieces
        self._size = 0

    def feed(self, data: bytes) -> str:
        """The lines, each with its newline, that can be shown now; empty if there is none."""
        text = self._decoder.decode(data)
        lines, newline, rest = text.rpartition("\n")
        if newline:
            ready = "".join([*self._held, lines, newline])
            self._hold(rest)
            return self._shown(ready) if self._redact else ready
        self._held.append(rest)
        self._size += len(rest)
        return self._broken() if self._size > _LONGEST else ""

    def end(self) -> str:
        """What is left, when nothing comes any more; the next text begins anew."""
        text = "".join([*self._held, self._decoder.decode(b"", final=True)])
        self._hold("")
        return "" if not text else self._redact(text if text.endswith("\n") else f"{text}\n")

    def _hold(self, text: str) -> None:
        self._held = [text] if text else []
        self._size = len(text)

    def _shown(self, ready: str) -> str:
        known = self._redact.whole_lines(ready)
        if known < len(ready):
            self._held.insert(0, ready[known:])
            self._size += len(ready) - known
        return self._redact(ready[:known])

    def _broken(self) -> str:
        text = "".join(self._held)
        begun = self._redact.begun(text) if self._redact else len(text)
        self._hold(text[begun:])
        return self._redact(f"{text[:begun]}\n") if begun else ""
