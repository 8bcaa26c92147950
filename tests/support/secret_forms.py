"""The forms in which programs print a secret, made by the libraries and rules that make them, not by the code under test."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Final


def _lower_hex(text: str) -> str:
    return re.sub("%..", lambda found: found[0].lower(), text)


FORMS: Final[dict[str, Callable[[str], str]]] = {
    "raw": str,
    "json": lambda secret: json.dumps(secret)[1:-1],
    "json-utf-8": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "json-with-escaped-slashes": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    "json-of-go": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1].replace("&", "\\u0026").replace("<", "\\u003c"),
    "json-in-json": lambda secret: json.dumps(json.dumps(secret)[1:-1])[1:-1],
    "url": lambda secret: urllib.parse.quote(secret, safe=""),
    "url-lower": lambda secret: _lower_hex(urllib.parse.quote(secret, safe="")),
    "url-path": urllib.parse.quote,
    "form": urllib.parse.quote_plus,
    "form-lower": lambda secret: _lower_hex(urllib.parse.quote_plus(secret)),
    "encodeURIComponent": lambda secret: urllib.parse.quote(secret, safe="!~*'()"),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64-without-padding": lambda secret: base64.b64encode(secret.encode()).decode().rstrip("="),
    "base64-url-safe": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
    "html": html.escape,
    "html-text": lambda secret: html.escape(secret, quote=False),
    "html-decimal": lambda secret: html.escape(secret).replace("&#x27;", "&#39;"),
    "xml": lambda secret: html.escape(secret).replace("&#x27;", "&apos;"),
    "python": lambda secret: repr(secret)[1:-1],
    "python-ascii": lambda secret: ascii(secret)[1:-1],
    "python-bytes": lambda secret: repr(secret.encode())[2:-1],
    "shell": lambda secret: shlex.quote(secret)[1:-1],
    "shell-by-hand": lambda secret: secret.replace("'", "'\\''"),
    "shell-in-double-quotes": lambda secret: re.sub(r'([$`"\\])', r"\\\1", secret),
    "shell-printf-q": lambda secret: re.sub(r"([^\w@%+=:,./-])", r"\\\1", secret),
    "sql": lambda secret: secret.replace("'", "''"),
    "csv": lambda secret: secret.replace('"', '""'),
    "hex": lambda secret: secret.encode().hex(),
    "hex-upper": lambda secret: secret.encode().hex().upper(),
}


def forms_of(secret: str) -> Iterator[str]:
    """What must be nowhere: every form of `secret`, and what of its base64 stands in that of a longer text."""
    for write in FORMS.values():
        yield write(secret).rstrip("=")
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret.encode()).decode()
        yield encoded[[0, 2, 3][before] : 8 * (before + len(secret.encode())) // 6]
