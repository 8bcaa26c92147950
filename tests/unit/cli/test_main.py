"""The frame of every command: what is named wrongly, what is thrown, and the exit codes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import NoReturn

import click
import pytest
from support.command_line import CommandLine

from orch.cli import main
from orch.errors import CycleError, ExitCode, OrchError, ParameterError, Problems, UsageError, Where


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """`orch run` raises this."""

    def install(error: BaseException) -> None:
        @click.command("run")
        def command() -> NoReturn:
            raise error

        monkeypatch.setattr(main.LazyCommands, "get_command", lambda *_: command)

    return install


def test_the_version_is_the_packages(orch: CommandLine) -> None:
    assert orch("--version") == (0, "orch 0.1.0\n", "")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_every_command_and_imports_none(orch: CommandLine, flag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib, "import_module", lambda name: pytest.fail(f"imported {name}"))
    code, out, err = orch(flag)

    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.partition("Commands:\n")[2].splitlines() if line[2:3].strip()][: len(main.COMMANDS)] == list(
        main.COMMANDS
    )


def test_without_a_command_the_help_is_on_stderr(orch: CommandLine) -> None:
    code, out, err = orch()

    assert (code, out) == (ExitCode.USAGE, "")
    assert err.startswith("Usage: orch ")


def test_a_misspelt_command_names_the_nearest(orch: CommandLine) -> None:
    assert orch("complie") == (2, "", "error: orch has no command 'complie' [usage]\n  help: did you mean 'compile'?\n")


def test_a_strange_command_names_those_there_are(orch: CommandLine) -> None:
    code, _, err = orch("zzz")

    assert code == ExitCode.USAGE
    assert err.splitlines()[1] == f"  help: commands are {', '.join(main.COMMANDS)}"


def test_a_misspelt_option_names_the_nearest(orch: CommandLine) -> None:
    assert orch("--verison") == (2, "", "error: orch has no option '--verison' [usage]\n  help: did you mean '--version'?\n")


def test_a_strange_option_names_the_help(orch: CommandLine) -> None:
    code, _, err = orch("--zzz")

    assert code == ExitCode.USAGE
    assert err.splitlines()[1] == "  help: `orch --help` shows what it takes"


def test_a_commands_own_misspelt_subcommand_is_named_too(orch: CommandLine) -> None:
    assert orch("runs", "lst") == (2, "", "error: orch runs has no command 'lst' [usage]\n  help: did you mean 'list'?\n")


def test_a_bad_value_of_an_option_is_in_our_words(orch: CommandLine) -> None:
    code, _, err = orch("run", "x.py", "--jobs", "0")

    assert code == ExitCode.USAGE
    assert err.startswith("error: invalid value for '--jobs': ")
    assert err.endswith(" [usage]\n  help: `orch run --help` shows what it takes\n")


def test_an_error_shows_place_message_code_and_help(orch: CommandLine, raising: Callable[[BaseException], None]) -> None:
    raising(CycleError("a waits for b", hint="remove one", where=Where("src/p.py", 3)))

    assert orch("run") == (3, "", "src/p.py:3: error: a waits for b [graph-cycle]\n  help: remove one\n")


def test_all_problems_are_shown_and_the_worst_decides(orch: CommandLine, raising: Callable[[BaseException], None]) -> None:
    raising(Problems([ParameterError("one"), Problems([CycleError("two"), UsageError("three")])]))
    code, _, err = orch("run")

    assert code == ExitCode.INVALID
    assert err == "error: one [parameter]\nerror: two [graph-cycle]\nerror: three [usage]\n"


def test_a_message_cannot_act_on_the_terminal(orch: CommandLine, raising: Callable[[BaseException], None]) -> None:
    raising(OrchError("\x1b[2Jgone", hint="\x07", where=Where("\x1b.py", 1)))

    assert "\x1b" not in orch("run").err
    assert "\x07" not in orch("run").err


def test_ctrl_c_is_cancelled(orch: CommandLine, raising: Callable[[BaseException], None]) -> None:
    raising(KeyboardInterrupt())

    assert orch("run") == (ExitCode.CANCELLED, "", "cancelled\n")


def test_anything_else_is_a_bug_with_what_its_report_needs(orch: CommandLine, raising: Callable[[BaseException], None]) -> None:
    raising(ZeroDivisionError("oh"))
    code, out, err = orch("run")

    assert (code, out) == (ExitCode.BUG, "")
    lines = err.splitlines()
    assert lines[0] == "error: this is a bug in orch: ZeroDivisionError: oh [bug]"
    assert "/issues" in lines[1]
    assert "orch 0.1.0, Python 3." in err
    assert lines[-1] == "ZeroDivisionError: oh"


def test_a_broken_pipe_that_is_not_stdouts_is_not_taken_for_a_reader_that_left(
    orch: CommandLine, raising: Callable[[BaseException], None]
) -> None:
    raising(BrokenPipeError("a worker's"))

    assert orch("run").code == ExitCode.BUG


def test_on_a_runner_every_problem_is_an_annotation_too(
    orch: CommandLine, raising: Callable[[BaseException], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    raising(Problems([CycleError("50% of a,b\n::set-output", hint="do x", where=Where("a,b.py", 3)), UsageError("two")]))
    err = orch("run").err.splitlines()

    token = err[0].removeprefix("::stop-commands::")
    end = err.index(f"::{token}::")
    assert "::set-output [graph-cycle]" in err[:end]
    assert err[end + 1 :] == [
        "::error file=a%2Cb.py,line=3,title=graph-cycle::50%25 of a,b%0A::set-output%0Ado x",
        "::error title=usage::two",
    ]


def test_a_commands_exit_code_is_the_process_s(orch: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main.LazyCommands, "get_command", lambda *_: click.Command("run", callback=lambda: ExitCode.DRIFT))

    assert orch("run").code == ExitCode.DRIFT


def test_every_command_is_there_and_is_called_as_the_table_says() -> None:
    for name in main.COMMANDS:
        assert importlib.import_module(f"orch.cli.{name}").command.name == name


def test_completion_of_a_command_imports_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    context = click.Context(main.orch, info_name="orch")
    for name in [module for module in sys.modules if module.startswith("orch.cli.") and module != "orch.cli.main"]:
        monkeypatch.delitem(sys.modules, name)

    assert [item.value for item in main.orch.shell_complete(context, "co")] == ["compile", "completion"]
    assert "orch.cli.compile" not in sys.modules
