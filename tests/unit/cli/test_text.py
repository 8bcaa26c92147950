"""Text that anyone may have written cannot act on the terminal that shows it."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.cli import text

ACTIVE = {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\u2028", "\u2029", "\u202e", "\u2066", "\u200f", "\ud800"}


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("plain é 日本 😀", "plain é 日本 😀"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\rb", "a\\rb"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("\ud800", "\\ud800"),
        ("two\nlines\there", "two\nlines\there"),
    ],
)
def test_what_a_terminal_would_act_on_is_written_out(given_text: str, shown: str) -> None:
    assert text.printable(given_text) == shown


@given(st.text(st.characters(categories=None), max_size=30))
def test_one_line_leaves_nothing_active_and_keeps_what_is_harmless(anything: str) -> None:
    shown = text.one_line(anything)

    assert not ACTIVE & set(shown)
    assert text.one_line(shown) == shown


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  0%\r 50%\r100%", "100%"),
        ("done\r", "done"),
        ("\x1b[31mred\x1b[0m and \x1b[Kcleared", "red and cleared"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
    ],
)
def test_a_log_line_is_shown_as_a_terminal_would_leave_it(line: str, shown: str) -> None:
    assert text.log_line(line, colour=False) == shown


def test_a_log_line_keeps_its_colours_where_they_are_wanted_and_ends_them() -> None:
    assert text.log_line("\x1b[31mred\x1b[2J\x07", colour=True) == "\x1b[31mred\\x07\x1b[0m"


@given(st.text(st.characters(categories=None), max_size=30))
def test_a_log_line_with_colours_is_one_without_them_once_they_are_taken_out(anything: str) -> None:
    coloured = text.log_line(anything, colour=True)

    assert text.log_line(coloured, colour=False) == text.log_line(anything, colour=False)


def test_only_a_newline_ends_a_line_of_a_log() -> None:
    assert text.lines_of("a\x0bb\u2028c\n\nd") == ["a\x0bb\u2028c", "", "d"]
    assert text.lines_of("a\n") == ["a"]
    assert text.lines_of("") == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "expected"),
    [
        (Terminal(), {"TERM": "xterm"}, True),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
    ],
)
def test_colours_go_to_terminals_alone_and_not_against_no_color(stream: io.StringIO, environ: dict[str, str], expected: bool) -> None:
    assert text.takes_colour(stream, environ) is expected


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 ms"),
        (float("nan"), "?"),
        (float("inf"), "?"),
        (0.0123, "12 ms"),
        (1.234, "1.23 s"),
        (12.34, "12.3 s"),
        (59.96, "60.0 s"),
        (61, "1 min 01 s"),
        (3599.7, "1 h 00 min"),
        (7300, "2 h 01 min"),
    ],
)
def test_a_duration_has_the_digits_that_matter(seconds: float, shown: str) -> None:
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(0.9, "0 s"), (59.9, "59 s"), (61.5, "1 min 01 s")])
def test_a_time_that_is_not_over_moves_by_whole_seconds(seconds: float, shown: str) -> None:
    assert text.elapsed(seconds) == shown


def test_what_is_too_wide_is_cut_visibly() -> None:
    assert text.cut("abcdef", 6) == "abcdef"
    assert text.cut("abcdefg", 6) == "abcde…"
