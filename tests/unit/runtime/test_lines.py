"""What a step prints is shown line by line, and its secrets are masked however the text was cut into pieces on its way."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.runtime.lines import Lines, last_states
from orch.runtime.redact import MASK, Redactor

SECRET = "hunter2-is-the-password"
KEY = "-----BEGIN-----\nab\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END-----"


def shown(lines: Lines, *pieces: bytes) -> list[str]:
    return [*(lines.feed(piece) for piece in pieces), lines.end()]


def test_lines_are_shown_when_they_end() -> None:
    assert shown(Lines(Redactor([])), b"one", b" more\ntwo\nthr", b"ee") == ["", "one more\ntwo\n", "", "three\n"]


def test_lines_without_secrets_do_not_wait_for_the_next() -> None:
    assert shown(Lines(Redactor([SECRET, KEY])), b"a line that ends in hunter2\n", b"x\n")[0] == "a line that ends in hunter2\n"


def test_a_secret_printed_in_pieces_is_masked() -> None:
    lines = Lines(Redactor([SECRET]))

    assert "".join(shown(lines, b"the pass is hunt", b"er2-is-the", b"-password", b"\n")) == f"the pass is {MASK}\n"


def test_a_secret_of_several_lines_is_masked_whole_when_its_lines_come_one_by_one() -> None:
    lines = Lines(Redactor([KEY]))

    assert "".join(shown(lines, *(f"{line}\n".encode() for line in KEY.split("\n")))) == f"{MASK}\n" * 4


def test_base64_that_goes_on_in_the_next_line_is_masked() -> None:
    encoded = base64.encodebytes(b"x" * 40 + SECRET.encode() + b"y" * 40).splitlines(keepends=True)
    assert len(encoded) == 2

    text = "".join(shown(Lines(Redactor([SECRET])), *encoded))

    assert text.count(MASK) == 2
    assert base64.b64encode(SECRET.encode()[:6]).decode() not in text


def test_bytes_that_are_no_text_are_written_out_also_where_a_piece_ends_inside_a_character() -> None:
    assert "".join(shown(Lines(Redactor([])), b"\xc3", b"\xa4 \xff\n", b"\xc3")) == "ä \\xff\n\\xc3\n"


def test_a_line_that_does_not_end_is_broken_and_its_secret_is_not() -> None:
    lines = Lines(Redactor([SECRET]))
    early = lines.feed(b"x" * (1 << 26) + SECRET.encode()[:10])

    assert early == "x" * (1 << 26) + "\n"
    assert lines.feed(SECRET.encode()[10:] + b"\n") == f"{MASK}\n"


def test_after_the_end_nothing_is_left_for_the_next_step() -> None:
    lines = Lines(Redactor([KEY]))
    lines.feed(b"-----BEGIN-----\n")
    lines.end()

    assert shown(lines, b"ab\n") == ["ab\n", ""]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("one\ntwo\n", "one\ntwo\n"),
        ("\r  0%|\r 50%|##\r100%|####\n", "100%|####\n"),
        ("\r 50%|##\rdone\nnext\r\n", "done\nnext\n"),
        ("all\r\r\n", "all\n"),
        ("\r\n", "\n"),
    ],
)
def test_of_a_line_that_is_written_over_the_last_state_is_left(text: str, left: str) -> None:
    assert last_states(text) == left


PIECES = st.lists(
    st.sampled_from([SECRET, KEY, "plain", "\n", " ", base64.encodebytes(b"abc" * 9 + SECRET.encode() * 2).decode()]), max_size=12
)


@given(PIECES, st.data())
def test_how_a_text_is_cut_changes_nothing(pieces: list[str], data: st.DataObject) -> None:
    redact = Redactor([SECRET, KEY])
    text = "".join(pieces).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    parts = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    cut, whole = "".join(shown(Lines(redact), *parts)), "".join(shown(Lines(redact), text))

    assert [line for line in cut.split("\n") if line != MASK] == [line for line in whole.split("\n") if line != MASK]


@pytest.mark.parametrize("secret", [SECRET, KEY])
@given(st.data())
def test_no_cut_shows_a_secret(secret: str, data: st.DataObject) -> None:
    text = f"before {secret} {base64.b64encode(secret.encode()).decode()}\nafter\n".encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))

    lines = Lines(Redactor([secret]))
    masked = "".join(shown(lines, *(text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True))))

    assert masked.replace(MASK, "").split() == ["before", "after"]
