"""Masking declared secrets, in every form in which a program is likely to print them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MASK = "***"


class Redactor:
    """Masks the given values: raw, JSON-escaped, URL-escaped, base64, and each line of those with several lines."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        self._forms = sorted(forms, key=lambda form: (-len(form), form))  # the longest first: one may contain another

    def __call__(self, text: str) -> str:
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text

    def __bool__(self) -> bool:
        return bool(self._forms)


def _forms(secret: str) -> Iterator[str]:
    import base64  # most steps have no secrets, and need not pay for these
    import json
    import urllib.parse

    for part in {secret, *secret.splitlines()}:
        if len(part.strip()) > 2:  # masking every "1" would hide the log, not the secret
            yield from (part, json.dumps(part)[1:-1], urllib.parse.quote(part, safe=""), urllib.parse.quote_plus(part))
    if len(secret) > 2:
        yield base64.b64encode(secret.encode()).decode()
