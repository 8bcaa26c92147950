from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.orchestrators.github.setup.lines import with_attributes, with_ignored, with_lines

NAMES = (".orch/", ".env.orch")
ATTRIBUTES = {"a/x.yml": ("text", "eol=lf", "linguist-generated"), "a/x.json": ("text", "eol=lf")}
ODD_LINES = st.sampled_from(
    [
        ".orch",
        "/.orch/",
        "!.orch/",
        "**/.orch/",
        ".env*",
        "*",
        "!*",
        "#.orch/",
        " .env.orch ",
        "a/x.yml -text",
        "a/x.yml eol",
        "[",
        "\ufeff",
        "",
    ]
)
TEXTS = st.lists(ODD_LINES | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)).map("\n".join)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ".orch/\n.env.orch\n"),
        ("*.pyc\n", "*.pyc\n.orch/\n.env.orch\n"),
        ("*.pyc", "*.pyc\n.orch/\n.env.orch\n"),
        ("*.pyc\r\n", "*.pyc\r\n.orch/\r\n.env.orch\r\n"),
        ("# .orch/\n", "# .orch/\n.orch/\n.env.orch\n"),
        ("sub/.orch/\n", "sub/.orch/\n.orch/\n.env.orch\n"),
        (".env.*\n!.env.orch\n.orch\n", ".env.*\n!.env.orch\n.orch\n.env.orch\n"),
    ],
)
def test_what_git_would_not_ignore_yet_is_added_at_the_end(before: str, after: str) -> None:
    assert with_ignored(before, NAMES) == after


@pytest.mark.parametrize("text", [".orch\n.env*\n", "/.orch/\n/.env.orch\n", "**/.orch/\n.env.*", ".*\n", "\ufeff.orch/\r\n.env.orch"])
def test_what_git_ignores_already_is_not_added(text: str) -> None:
    assert with_ignored(text, NAMES) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "a/x.yml text eol=lf linguist-generated\na/x.json text eol=lf\n"),
        (
            "* text=auto\na/x.yml text eol=lf linguist-generated=true\n",
            "* text=auto\na/x.yml text eol=lf linguist-generated=true\na/x.json text eol=lf\n",
        ),
        ("/a/x.yml -text\na/x.json  eol=crlf text", "/a/x.yml -text\na/x.json  eol=crlf text\na/x.yml eol=lf linguist-generated\n"),
        (
            "a/x.yml !text -eol -linguist-generated\na/x.json text eol=lf\n",
            "a/x.yml !text -eol -linguist-generated\na/x.json text eol=lf\n",
        ),
    ],
)
def test_what_the_file_says_of_an_attribute_stands_and_the_others_are_added(before: str, after: str) -> None:
    assert with_attributes(before, ATTRIBUTES) == after


@pytest.mark.parametrize("merge", [lambda text: with_ignored(text, NAMES), lambda text: with_attributes(text, ATTRIBUTES)])
@given(text=TEXTS, crlf=st.booleans())
def test_every_line_stays_and_a_second_time_adds_nothing(merge: Callable[[str], str], text: str, crlf: bool) -> None:
    text = text.replace("\n", "\r\n") if crlf else text

    merged = merge(text)

    assert merged.startswith(text)
    assert merge(merged) == merged


def test_nothing_to_add_leaves_even_a_missing_end_of_line() -> None:
    assert with_lines("a", []) == "a"
