"""A declared secret is masked in every form in which a program is likely to print it."""

from __future__ import annotations

import base64
import html
import json
import shlex
import textwrap
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.secret_forms import FORMS, forms_of

from orch.runtime.redact import MASK, SHORTEST, Redactor

SECRET = 'pa\'ss "word"/ä+&$x\\'
SECRETS = (
    st.text(st.characters(codec="utf-8"), min_size=SHORTEST, max_size=200)
    .map(str.strip)
    .filter(lambda text: len(text) >= SHORTEST and text not in MASK * 70)
)


@pytest.mark.parametrize("form", FORMS, ids=FORMS)
def test_every_form_of_a_secret_is_masked(form: str) -> None:
    written = FORMS[form](SECRET)

    assert Redactor([SECRET])(f"before {written} after") == f"before {MASK} after"


@pytest.mark.parametrize(
    "write",
    [
        lambda secret: json.dumps({"password": [secret]}),
        lambda secret: json.dumps(json.dumps({"password": secret})),
        lambda secret: repr([secret, "'", '"']),
        lambda secret: repr({"password": f"'{secret}'"}),
        lambda secret: repr(f"' {secret}".encode()),
        lambda secret: f"<a title='{html.escape(secret)}'>",
        lambda secret: urllib.parse.urlencode({"q": secret, "r": "1"}),
        lambda secret: shlex.join(["curl", "-H", f"Authorization: {secret}"]),
        lambda secret: base64.b64encode(f"user:{secret}\n".encode()).decode(),
    ],
)
@pytest.mark.parametrize("secret", [SECRET, "hunter22", "k3y-with_dashes/and+plus==", '{"a": "b\'c"}'])
def test_a_secret_is_masked_where_programs_put_it(write: Callable[[str], str], secret: str) -> None:
    masked = Redactor([secret])(write(secret))

    assert MASK in masked
    assert [form for form in forms_of(secret) if form in masked] == []


@given(SECRETS, st.binary(max_size=4), st.binary(max_size=4), st.sampled_from([5, 20, 64, 76, 1000]))
@example("abcd", b"", b"", 1000)
def test_base64_is_masked_at_every_offset_and_where_lines_end_inside(secret: str, before: bytes, after: bytes, width: int) -> None:
    encoded = base64.b64encode(before + secret.encode() + after).decode()

    masked = Redactor([secret])("\n".join(textwrap.wrap(encoded, width)))

    assert MASK in masked
    # What is left was decided by other bytes alone.
    left = masked.replace("\n", "").split(MASK)
    assert len(left[0]) <= (8 * len(before) + 5) // 6
    assert len(left[-1].rstrip("=")) <= (8 * len(after) + 5) // 6


def test_each_line_of_a_secret_of_several_is_masked() -> None:
    redact = Redactor(["-----BEGIN-----\nabcdef\n-----END-----\n"])

    assert redact("abcdef and -----END-----") == f"{MASK} and {MASK}"


def test_a_secret_of_several_lines_is_masked_line_by_line_with_its_short_ones() -> None:
    assert Redactor(["{\n  user: me\n}"])("x {\n  user: me\n} y {") == f"x {MASK}\n{MASK}\n{MASK} y {{"


def test_the_lines_of_a_key_inside_a_json_document_are_masked() -> None:
    redact = Redactor([json.dumps({"private_key": "-----BEGIN-----\nMIIEvQIBADAN\n-----END-----\n"})])

    assert redact("MIIEvQIBADAN") == MASK


def test_a_secret_that_contains_another_is_masked_whole() -> None:
    assert Redactor(["abcd", "abcdef"])("abcdef abcd") == f"{MASK} {MASK}"


def test_of_two_secrets_that_overlap_nothing_is_left() -> None:
    assert Redactor(["abcdef", "efghij"])("-abcdefghij-") == f"-{MASK}-"


@pytest.mark.parametrize("secret", ["", "1", "ab", "abc", "  x ", "\n"])
def test_a_secret_too_short_to_be_one_hides_nothing(secret: str) -> None:
    redact = Redactor([secret])

    assert redact("1 ab abc x") == "1 ab abc x"


def test_a_long_secret_with_a_short_line_does_not_mask_that_line_everywhere() -> None:
    assert Redactor(["a\nlong-enough"])("a cat") == "a cat"


def test_space_around_a_secret_is_not_part_of_it() -> None:
    assert Redactor(["token-1\n"])("token-1 token-1\n") == f"{MASK} {MASK}\n"


@pytest.mark.parametrize(
    ("text", "masked"),
    [("a long text with hunt…", "a long text with ***…"), ("x hunter22 y…", "x *** y…"), ("no secret…", "no secret…"), ("hun…", "hun…")],
)
def test_a_secret_that_a_cut_goes_through_is_masked(text: str, masked: str) -> None:
    assert Redactor(["hunter22"]).of_cut(text) == masked


def test_without_secrets_there_is_nothing_to_do() -> None:
    assert not Redactor(["", ""])
    assert Redactor(["secret"])


@given(secret=SECRETS, before=st.text(), after=st.text())
def test_no_text_gives_a_secret_away(secret: str, before: str, after: str) -> None:
    masked = Redactor([secret])(f"{before}{secret}{after}")

    assert MASK in masked
    assert all(secret not in piece for piece in masked.split(MASK))
