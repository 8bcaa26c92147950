"""A declared secret is masked in every form in which a program is likely to print it."""

from __future__ import annotations

import base64
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.runtime.redact import MASK, Redactor

SECRET = 'pass "word"/ä+&'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        json.dumps(SECRET),
        urllib.parse.quote(SECRET, safe=""),
        urllib.parse.quote_plus(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
    ],
    ids=["raw", "json", "url", "form", "base64"],
)
def test_every_form_of_a_secret_is_masked(form: str) -> None:
    masked = Redactor([SECRET])(f"before {form} after")

    assert masked.replace('"', "") == f"before {MASK} after"


def test_each_line_of_a_secret_of_several_is_masked() -> None:
    redact = Redactor(["-----BEGIN-----\nabcdef\n-----END-----\n"])

    assert redact("abcdef and -----END-----") == f"{MASK} and {MASK}"


def test_a_secret_that_contains_another_is_masked_whole() -> None:
    assert Redactor(["abc", "abcdef"])("abcdef abc") == f"{MASK} {MASK}"


@pytest.mark.parametrize("secret", ["", "1", "ab", "  x ", "\n"])
def test_a_secret_too_short_to_be_one_hides_nothing(secret: str) -> None:
    redact = Redactor([secret])

    assert redact("1 ab x") == "1 ab x"


def test_a_long_secret_with_a_short_line_does_not_mask_that_line_everywhere() -> None:
    assert Redactor(["a\nlong-enough"])("a cat") == "a cat"


def test_without_secrets_there_is_nothing_to_do() -> None:
    assert not Redactor(["", ""])
    assert Redactor(["secret"])


@given(secret=st.text(min_size=3).filter(lambda text: len(text.strip()) > 2), before=st.text(), after=st.text())
def test_no_text_gives_a_secret_away(secret: str, before: str, after: str) -> None:
    if secret in MASK * 2:
        return
    masked = Redactor([secret])(f"{before}{secret}{after}")

    assert MASK in masked
    assert secret not in masked.split(MASK)
