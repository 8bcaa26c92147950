"""Masking declared secrets, in every form in which a program is likely to print them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

MASK = "***"
# A shorter value, or line of one, is not masked: `***` for every `1` would hide the log, and say by its places what the value is.
SHORTEST: Final = 4
_CUT: Final = "…"
_BASE64: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"


class Redactor:
    """Masks the given values as they are and as `forms` writes them, whole and each line of those with several lines."""

    def __init__(self, secrets: Iterable[str]) -> None:
        given = [secret for secret in secrets if len(secret.strip()) >= SHORTEST]
        # A text that lacks the first of a pair has none of the second; most texts have none at all.
        self._literals: dict[str, set[str]] = {}
        self._encoded: tuple[_Encoded, ...] = ()
        if given:
            from orch.runtime import forms  # most steps have no secrets, and need not pay for these

            for part in sorted({part for secret in given for part in forms.parts(secret) if len(part) >= SHORTEST}):
                self._literals.setdefault(forms.unchanged(part), set()).update(forms.escaped(part))
                self._literals |= {form: {form} for form in forms.hexadecimal(part)}
                self._encoded += tuple(_Encoded(*core) for core in sorted(set(forms.base64_cores(part))))
        self._over_lines = [form for forms in self._literals.values() for form in forms if "\n" in form]
        self._longest_core = max((len(form.core) for form in self._encoded), default=0)

    def __bool__(self) -> bool:
        return bool(self._literals)

    def __call__(self, text: str) -> str:
        spans = self._spans(text) if self._literals else ()
        return _masked(text, spans) if spans else text

    def of_cut(self, text: str) -> str:
        """The same for a text whose end is left out, with `…` in its place: a secret may have begun there."""
        if not self._literals or not text.endswith(_CUT):
            return self(text)
        body = text.removesuffix(_CUT)
        begun = self.begun(body)
        return self(body[:begun]) + MASK + _CUT if len(body) - begun >= SHORTEST else self(text)

    def begun(self, text: str) -> int:
        """Where a secret begins of which only the first part can be in `text`, or its length; what stands before is safe to show."""
        in_line = not text.endswith("\n")
        literals = (form for forms in self._literals.values() for form in forms) if in_line else self._over_lines
        return min([len(text), *(_begun(text, form) for form in literals), self._encoding_begun(text, in_line=in_line)])

    def whole_lines(self, text: str) -> int:
        """How much of `text`, whole lines, can be shown before more is known: lines of which no secret goes on below."""
        at = self.begun(text)
        if at == len(text):
            return at
        spans = self._spans(text)
        while (line := text.rfind("\n", 0, at) + 1) < at or any(start < at < stop for start, stop in spans):
            at = min([line, *(start for start, stop in spans if start < line < stop)])
        return at

    def _encoding_begun(self, text: str, *, in_line: bool) -> int:
        """A beginning of up to `SKIPPED` characters at a line's end is none, or most lines would be one."""
        tail = text[-self._longest_core - self._longest_core // 16 - 16 :]
        tail = tail[len(tail.rstrip(f"{_BASE64}\r\n")) :]
        joined = _without_line_ends(tail)
        if not in_line and len(joined) <= _Encoded.SKIPPED:
            return len(text)
        at = min((_begun(joined, form.core) for form in self._encoded), default=len(joined))
        if at == len(joined) or (not in_line and len(joined) - at <= _Encoded.SKIPPED):
            return len(text)
        places = [place for place, char in enumerate(tail) if char not in "\r\n"]
        return len(text) - len(tail) + places[at]

    def _spans(self, text: str) -> list[tuple[int, int]]:
        spans = [span for key, forms in self._literals.items() if key in text for form in forms for span in _places(text, form)]
        joined = _without_line_ends(text)
        for form in self._encoded:
            if form.anchor in joined:
                spans += form.places(text)
        return sorted(spans)


class _Encoded:
    """Base64 of a secret: the characters that it alone decides, wherever a line ends among them.

    Lines end after 64 or 76 characters of a longer text, of which the secret may be any part. What has come with no more
    than `SKIPPED` of its characters is not recognised as a beginning, so the rest alone, the `anchor`, is looked for.
    """

    SKIPPED: Final = 3

    def __init__(self, core: str, begins_mixed: bool, ends_mixed: bool) -> None:
        self.core = core
        self.begins_mixed = begins_mixed
        self.ends_mixed = ends_mixed
        self.anchor = core[self.SKIPPED :] if len(core) > 4 * self.SKIPPED else core

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        import re

        end = "(?:\r?\n)?"
        mixed = "[A-Za-z0-9+/_-]"
        before = f"(?:{mixed}{end})?" if self.begins_mixed else ""  # as much of it as there is
        for char in self.core[: len(self.core) - len(self.anchor)]:
            before = f"(?:{before}{re.escape(char)}{end})?"
        after = (f"(?:{end}{mixed})?" if self.ends_mixed else "") + f"(?:{end}=){{0,2}}"
        for found in re.finditer(before + end.join(map(re.escape, self.anchor)) + after, text):
            yield found.span()


def _without_line_ends(text: str) -> str:
    return text.replace("\r", "").replace("\n", "") if "\n" in text else text


def _places(text: str, form: str) -> Iterator[tuple[int, int]]:
    """Overlapping ones, too."""
    at = text.find(form)
    while at >= 0:
        yield at, at + len(form)
        at = text.find(form, at + 1)


def _begun(text: str, form: str) -> int:
    """Where `text` ends with a beginning of `form`, the longest; its length where it does not."""
    at = max(0, len(text) - len(form) + 1)
    while (at := text.find(form[0], at)) >= 0:
        if form.startswith(text[at:]):
            return at
        at += 1
    return len(text)


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    """`text` with one mask for each run of `spans` that meet, and as many lines as before."""
    pieces, end = [], 0
    start, stop = spans[0]
    for span in [*spans[1:], (len(text) + 1, len(text) + 1)]:
        if span[0] <= stop:
            stop = max(stop, span[1])
            continue
        pieces += [text[end:start], "\n".join([MASK] * (1 + text.count("\n", start, stop)))]
        end = stop
        start, stop = span
    return "".join([*pieces, text[end:]])
