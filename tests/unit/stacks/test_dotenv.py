"""`.env.orch` is read strictly, and no error about it shows a value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.errors import OrchError, SecretsFileError, Where
from orch.stacks.dotenv import parse


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(OrchError) as caught:
        parse(text.encode(), ".env.orch")
    found = caught.value.problems
    assert all(isinstance(problem, SecretsFileError) and problem.where and problem.where.path == ".env.orch" for problem in found)
    return [(problem.where.line if problem.where else 0, problem.message) for problem in found]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A=b", "b"),
        ("A=b\n", "b"),
        ("A = b ", "b"),
        ("export A=b", "b"),
        ("  export\tA=b", "b"),
        ("A=", ""),
        ("A=''", ""),
        ("A=b # why", "b"),
        ("A=b#c", "b#c"),
        ("A=b=c==", "b=c=="),
        ("A='b c' # why", "b c"),
        ("A='b\"c$D\\n'", 'b"c$D\\n'),
        ("A='b\nc'", "b\nc"),
        ('A="b\nc"', "b\nc"),
        (r'A="b\nc\t\\\"\$"', 'b\nc\t\\"$'),
        ("A='b\r\nc'\r\n", "b\nc"),
        ("\ufeffA=b", "b"),
        ("# first\n\n   # second\nA=b\n\n", "b"),
        ("A=ä€😀", "ä€😀"),
    ],
)
def test_a_value_is_read(text: str, value: str) -> None:
    assert parse(text.encode(), ".env.orch") == {"A": value}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("s3cr3t", 1, "this line is not NAME=value, and not a comment"),
        ("A=1\n\n1B=s3cr3t", 3, "this line is not NAME=value, and not a comment"),
        ("A-B=s3cr3t", 1, "this line is not NAME=value, and not a comment"),
        ("Ä=s3cr3t", 1, "this line is not NAME=value, and not a comment"),
        ("A=s3cr3t x", 1, "the value of 'A' has a space, quote, '$' or backslash"),
        ("A=s3cr3t$B", 1, "the value of 'A' has a space, quote, '$' or backslash"),
        ("A=# s3cr3t", 1, "the value of 'A' has a space, quote, '$' or backslash"),
        ("A=s3cr3t'", 1, "the value of 'A' has a space, quote, '$' or backslash"),
        ("A=s3cr\\3t", 1, "the value of 'A' has a space, quote, '$' or backslash"),
        ("\nA='s3cr3t\nmore", 2, "the quote before the value of 'A' is not closed"),
        ('A="s3cr3t\\"', 1, "the quote before the value of 'A' is not closed"),
        ("A='s3cr3t'x", 1, "something follows the quoted value of 'A'"),
        ("A='s3cr3t'#x\nB='a' 'b'", 2, "something follows the quoted value of 'B'"),
        ('A="s3cr3t$B"', 1, "the value of 'A' has a '$' in double quotes"),
        ('A="s3cr3t\\x"', 1, "the value of 'A' has a backslash that escapes nothing"),
        ("A=s3cr3t\0", 1, "the value of 'A' has a NUL, which no environment variable can have"),
        ("A=1\nB='2\n3'\nA=s3cr3t", 4, "'A' stands here twice, first in line 1"),
    ],
)
def test_what_readers_understand_differently_is_refused_with_its_line_and_without_the_value(text: str, line: int, message: str) -> None:
    assert problems(text) == [(line, message)]


def test_all_mistakes_are_told_at_once() -> None:
    assert [line for line, _ in problems("A=b c\nB=1\noops\nB=2\n")] == [1, 3, 4]


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    with pytest.raises(SecretsFileError) as caught:
        parse(b"A=1\nB=s3cr3t\xff", ".env.orch")

    assert caught.value.where == Where(".env.orch", 2)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True), st.text(st.characters(codec="utf-8", exclude_characters="\0\r'"))
    )
)
def test_every_value_can_be_written_in_single_quotes(values: dict[str, str]) -> None:
    text = "".join(f"{name}='{value}'\n" for name, value in values.items())

    assert parse(text.encode(), ".env.orch") == values


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\r")))
def test_every_value_can_be_written_in_double_quotes(value: str) -> None:
    escaped = "".join(f"\\{char}" if char in '\\"$' else char for char in value)

    assert parse(f'A="{escaped}"'.encode(), ".env.orch") == {"A": value}


@given(st.text("AB='\"#\\$ \n\r\0", max_size=30), st.text("AB='\"#\\$ \n\r\0", max_size=30))
def test_any_text_is_read_or_refused_and_what_is_refused_is_not_shown(before: str, after: str) -> None:
    told = ""
    try:
        parse(f"{before}='s3cr3t{after}".encode(), ".env.orch")
    except OrchError as error:
        told = str(error)

    assert "s3cr3t" not in told
