"""How programs write a text: escaped for the place where it stands, and encoded.

Spelled out where the standard library's own function would be dear to import: every step with secrets pays for this.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterator
from typing import Final

_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")
# What Python's quote with safe="" and "/" leaves as it is, then JavaScript's encodeURIComponent and encodeURI.
_SAFE_IN_URLS: Final = (b"", b"/", b"!~*'()", b";,/?:@&=+$#!~*'()")


def parts(secret: str) -> set[str]:
    """What of a secret may be printed alone, without the space around it: all of it, and each line.

    A key inside a JSON document has its line ends escaped; the program that reads the document prints them as such.
    """
    unescaped = secret.replace("\\r", "\r").replace("\\n", "\n")
    lines = {line for text in (secret, unescaped) for line in text.splitlines()}
    return {part.strip() for part in (secret, secret.replace("\r\n", "\n"), *lines)}


def unchanged(text: str) -> str:
    """The longest run of characters that no escape changes, so that it stands in every one of the `escaped` texts."""
    runs = "".join(char if char.isascii() and char.isalnum() else " " for char in text).split()
    return max(runs, key=len, default="")


def escaped(text: str) -> set[str]:
    """`text`, and what JSON, URLs, HTML, shells, Python, SQL and CSV make of it."""
    return {text, *_in_json(text), *_in_urls(text), *_in_html(text), *_in_python(text), *_in_shells(text), *_doubled(text)}


def _in_json(text: str) -> Iterator[str]:
    for ascii_only in (True, False):
        once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield from (once, once.replace("/", "\\/"), json.dumps(once, ensure_ascii=ascii_only)[1:-1])
        # As Go writes it, and others who put JSON into HTML.
        yield once.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _in_urls(text: str) -> Iterator[str]:
    for more in _SAFE_IN_URLS:
        for digits in ("%{:02X}", "%{:02x}"):
            quoted = "".join(chr(byte) if byte in _UNRESERVED or byte in more else digits.format(byte) for byte in _bytes(text))
            yield from (quoted, quoted.replace("%20", "+"))


def _in_html(text: str) -> Iterator[str]:
    yield (tags := text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    for double in ("&quot;", "&#34;"):
        yield (half := tags.replace('"', double))
        yield from (half.replace("'", single) for single in ("&#x27;", "&#39;", "&apos;"))


def _in_python(text: str) -> Iterator[str]:
    """Beside other text, which has a say in what quotes are written with a backslash."""
    for write in (repr, ascii):
        yield from (write(text)[1:-1], write(f"\"'{text}")[len("'\"\\'") : -1])
    yield from (repr(_bytes(text))[2:-1], repr(b"\"'" + _bytes(text))[len("b'\"\\'") : -1])


def _in_shells(text: str) -> Iterator[str]:
    yield from (text.replace("'", "'\"'\"'"), text.replace("'", "'\\''"))  # in single quotes, as by shlex.quote and by hand
    yield "".join(f"\\{char}" if char in '$`"\\' else char for char in text)  # in double quotes
    yield "".join(char if char.isalnum() or char in "_@%+=:,./-" else f"\\{char}" for char in text)  # printf %q
    yield text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t")  # $'...'


def _doubled(text: str) -> Iterator[str]:
    yield from (text.replace("'", "''"), text.replace('"', '""'))


def hexadecimal(text: str) -> Iterator[str]:
    yield from (_bytes(text).hex(), _bytes(text).hex().upper())


def base64_cores(text: str) -> Iterator[tuple[str, bool, bool]]:
    """The characters that `text` alone decides, wherever it stands in what is encoded, in both alphabets.

    And whether it decides a part of the one before them, and of the one after them.
    """
    data = _bytes(text)
    for before, mixed in ((0, 0), (1, 2), (2, 3)):
        bits = 8 * (before + len(data))
        core = binascii.b2a_base64(before * b"\0" + data).decode()[mixed : bits // 6]
        for written in (core, core.replace("+", "-").replace("/", "_")):
            yield written, before > 0, bits % 6 > 0


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
