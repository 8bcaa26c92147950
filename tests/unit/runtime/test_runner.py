"""Workflow commands must survive, and never be made by, text that is not ours."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from orch.model.records import Failure
from orch.runtime import runner as commands


def test_an_annotation_names_file_line_and_title() -> None:
    command = commands.annotation("error", "it broke", file="a/b.py", line=3, title="step-failed")

    assert command == "::error file=a/b.py,line=3,title=step-failed::it broke"


def test_an_annotation_without_a_place_has_no_properties() -> None:
    assert commands.annotation("notice", "hello") == "::notice::hello"


def test_a_message_keeps_its_lines_and_percent_signs() -> None:
    assert commands.annotation("warning", "50%\r\n::error::x") == "::warning::50%25%0D%0A::error::x"


def test_half_a_pair_of_characters_is_written_out() -> None:
    assert commands.annotation("error", "\ud800", file="\udcff") == "::error file=\\udcff::\\ud800"


def test_a_property_cannot_end_the_properties_or_start_another() -> None:
    command = commands.annotation("error", "m", file="a,line=1::b%\n.py", title="C: x")

    assert command == "::error file=a%2Cline=1%3A%3Ab%25%0A.py,title=C%3A x::m"


def test_our_own_words_are_told_from_what_steps_print() -> None:
    said = commands.harmless("hello", environ={"GITHUB_ACTIONS": "true"}).splitlines()

    assert said[0].startswith(f"::stop-commands::{commands.OWN_WORDS}")
    assert not commands.new_token().startswith(commands.OWN_WORDS)


def test_commands_resume_with_the_token_that_stopped_them() -> None:
    token = commands.new_token()

    assert commands.stop_commands(token) == f"::stop-commands::{token}"
    assert commands.resume_commands(token) == f"::{token}::"
    assert token != commands.new_token()


@pytest.mark.parametrize(("environ", "expected"), [({"GITHUB_ACTIONS": "true"}, True), ({"GITHUB_ACTIONS": ""}, False), ({}, False)])
def test_a_runner_says_so_in_the_environment(environ: dict[str, str], expected: bool) -> None:
    assert commands.on_runner(environ) is expected


def test_an_output_is_appended_between_delimiters(tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_text("before=1\n")

    commands.append_output("a", "x\ny", environ={"GITHUB_OUTPUT": str(file)}, new_delimiter=lambda: "EOF")

    assert file.read_bytes() == b"before=1\na<<EOF\nx\ny\nEOF\n"


def test_a_delimiter_that_occurs_in_the_name_or_the_value_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "out"
    delimiters = iter(["one", "two", "three"])

    commands.append_output("a_two", "one\nb=evil", environ={"GITHUB_OUTPUT": str(file)}, new_delimiter=lambda: next(delimiters))

    assert file.read_text() == "a_two<<three\none\nb=evil\nthree\n"


def test_outside_a_job_an_output_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    commands.append_output("a", "b", environ={})

    assert list(tmp_path.iterdir()) == []


def test_a_failure_is_shown_at_the_users_line_under_the_steps_name() -> None:
    failure = Failure("exception", "no rows", "ValueError", file="pipeline.py", line=3)

    assert commands.failure_annotation("load", failure) == "::error file=pipeline.py,line=3,title=step load failed::ValueError: no rows"
    assert commands.failure_annotation("load", Failure("timeout", "too long")) == "::error title=step load failed::too long"


def test_summaries_are_appended_and_made_only_where_somebody_reads_them(tmp_path: Path) -> None:
    made = []

    def make() -> str:
        made.append("made")
        return "# ä\n"

    commands.append_summary(make, environ={})
    assert made == []
    for _ in range(2):
        commands.append_summary(make, environ={"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")})

    assert (tmp_path / "summary.md").read_bytes().decode() == "# ä\n# ä\n"


def test_an_annotation_moves_no_cursor_and_reorders_nothing() -> None:
    assert commands.annotation("error", "\x1b[2J\x07\u202ea\tb\x9b") == "::error::\\x1b[2J\\x07\\u202ea\tb\\x9b"


def test_while_commands_are_stopped_what_is_printed_is_plain_text() -> None:
    told = io.StringIO()
    with commands.commands_stopped(told, {"GITHUB_ACTIONS": "true"}):
        told.write("::error::x\n")
    with commands.commands_stopped(told, {}):
        told.write("on a laptop\n")

    stop, line, resume, plain = told.getvalue().splitlines()
    token = stop.removeprefix("::stop-commands::")
    assert (line, resume, plain) == ("::error::x", f"::{token}::", "on a laptop")
