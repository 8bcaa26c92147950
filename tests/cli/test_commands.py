"""Every command, as a person mistypes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import CommandLine

from orch.cli.main import COMMANDS

SUBCOMMANDS = (
    *(("runs", name) for name in ("list", "show", "logs")),
    *(("stack", name) for name in ("list", "describe", "set")),
    ("orchestrator", "flavor", "list"),
    ("step", "run"),
)
GROUPS = ("runs", "stack", "orchestrator", "step")
ALL = (*((name,) for name in COMMANDS if name not in GROUPS), *SUBCOMMANDS)
TAKE_A_FILE = ("run", "compile", "check", "graph", "act")


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_is_there(orch: CommandLine, path: tuple[str, ...]) -> None:
    code, out, err = orch(*path, "--help")

    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: orch {' '.join(path)} ")


@pytest.mark.parametrize("path", [path for path in ALL if path != ("step", "run")], ids=" ".join)
def test_a_misspelt_option_names_the_nearest(orch: CommandLine, path: tuple[str, ...]) -> None:
    assert orch(*path, "--hlep") == (
        2,
        "",
        f"error: orch {' '.join(path)} has no option '--hlep' [usage]\n  help: did you mean '--help'?\n",
    )


def test_the_steps_entrypoint_names_the_options_it_takes(orch: CommandLine) -> None:
    code, out, err = orch("step", "run", "--grahp", "x")

    assert (code, out) == (2, "")
    assert "unknown argument '--grahp'" in err
    assert "--graph" in err


@pytest.mark.parametrize("group", GROUPS)
def test_a_misspelt_subcommand_is_an_error_of_its_group(orch: CommandLine, group: str) -> None:
    code, out, err = orch(group, "zzz")

    assert (code, out) == (2, "")
    assert err.startswith(f"error: orch {group} has no command 'zzz' [usage]\n  help: commands are ")


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_alone_shows_its_help_on_stderr(orch: CommandLine, group: str) -> None:
    code, out, err = orch(group)

    assert (code, out) == (2, "")
    assert err.startswith(f"Usage: orch {group} ")


@pytest.mark.parametrize("name", ["run", "graph", "act"])
def test_a_missing_argument_is_named(orch: CommandLine, name: str) -> None:
    assert orch(name) == (
        2,
        "",
        f"error: missing argument 'FILE[:PIPELINE]' [usage]\n  help: `orch {name} --help` shows what it takes\n",
    )


@pytest.mark.parametrize("name", TAKE_A_FILE)
def test_a_file_that_is_not_there_is_named(orch: CommandLine, name: str) -> None:
    code, out, err = orch(name, "nope.py")

    assert (code, out) == (2, "")
    assert err.startswith("error: no file 'nope.py' [usage]\n  help: ")


@pytest.mark.parametrize("name", TAKE_A_FILE)
def test_a_file_that_cannot_be_loaded_is_told_with_its_line(orch: CommandLine, name: str, repository: Path) -> None:
    (repository / "broken.py").write_text("from orch import pipeline\n\ndef f(:\n")
    code, out, err = orch(name, "broken.py")

    assert (code, out) == (3, "")
    assert err.startswith("broken.py:3: error: ")


@pytest.mark.parametrize("name", ["run", "act"])
def test_a_parameter_given_twice_is_an_error_before_anything_is_loaded(orch: CommandLine, name: str) -> None:
    code, out, err = orch(name, "nope.py", "--set", "a=1", "--set", "a=2")

    assert (code, out) == (2, "")
    assert err == "error: --set gives 'a' two values, '1' and '2' [usage]\n  help: keep one of them\n"
