"""Every command, with every word of its command line wrong: one error that names the word and what to type instead."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from support import runs
from support.action_repositories import ActionRepositories
from support.command_line import CommandLine
from support.mistakes import GOOD, no_trace, told, tree

from orch.authoring.load import separate_modules
from orch.cli.main import COMMANDS
from orch.model.runs import RunRecord
from orch.model.states import State
from orch.orchestrators.local.home import Home

RUN = "20260101-000000-abcdef"
STEP_RUN = ("--graph", "graph.json", "--step", "load", "--inputs", "in", "--outputs", "out", "--record", "rec")

# Of each command that does something: wrong words, the exit code, and what the error says. `flow.py` is there, with a step `load`.
MISTAKES: dict[str, list[tuple[list[str], int, str]]] = {
    "init": [
        (["flow.py"], 2, "'.*flow.py' is not a folder"),
        (["flow.py/x"], 2, "'.*flow.py/x' is not a folder"),
        ([""], 2, "'' is no path"),
        (["a", "b"], 2, r"unexpected extra argument \(b\)"),
        (["--name", "a b"], 2, "'a b' is not a name.*\n.*a_b"),
        (["--name", ""], 2, "'' is not a name"),
        (["--name", "x; touch pwned"], 2, "'x; touch pwned'"),
        (["--name", "x", "--no-example"], 2, "--name asks for an example"),
    ],
    "run": [
        (["flow.py", "--step", "laod"], 2, "no step 'laod'.*\n.*did you mean 'load'"),
        (["flow.py", "--step", ""], 2, "no step ''"),
        (["flow.py", "--from", "laod"], 2, "no step 'laod'.*\n.*did you mean 'load'"),
        (["flow.py", "--from", ""], 2, "no step ''"),
        (["flow.py", "--step", "load", "--from", "load"], 2, "do not go together"),
        (["flow.py", "--jobs", "0"], 2, "'--jobs': 0 is not in the range"),
        (["flow.py", "--jobs", "many"], 2, "'--jobs': 'many' is not a whole number"),
        (["flow.py", "--stack", "nowhere"], 2, "no stack 'nowhere', as --stack says.*\n.*local"),
        (["flow.py", "--stack", ""], 2, "no stack ''"),
        (["flow.py", "--stack", "github"], 2, "'github' runs pipelines on GitHub.*\n.*--stack local"),
        (["flow.py", "--logical-date", "tomorrow"], 2, "'tomorrow' is not a date.*\n.*2026-03-29"),
        (["flow.py", "--logical-date", ""], 2, "'' is not a date"),
        (["flow.py", "--logical-date", "9999-12-31T23:59:59-12:00"], 2, "9999-12-31"),
        (["flow.py", "--config", "nope.yaml"], 2, "--config 'nope.yaml' cannot be read"),
        (["flow.py", "--config", "."], 2, "--config '.' cannot be read"),
        (["flow.py", "--config", ""], 2, "'--config': '' is no path"),
        (["flow.py", "--config", "flow.py"], 2, r"^flow\.py:\d+: error: "),
        (["flow.py", "--set", "rows=1", "--set", "rows=2"], 2, "two values, '1' and '2'"),
        (["flow.py", "more.py"], 2, r"unexpected extra argument \(more.py\)"),
    ],
    "compile": [
        (["nope.py", "flow.py", "no.py"], 2, "no file 'nope.py'(.|\n)*no file 'no.py'"),
        ([""], 2, "''"),
        (["flow.py", "--pack", "atuo"], 2, "'--pack': 'atuo' is not one of.*\n.*did you mean 'auto'"),
    ],
    "check": [
        (["flow.py", "nope.py"], 2, "no file 'nope.py'"),
        ([""], 2, "''"),
        (["flow.py", "--base", "nope"], 2, "--base 'nope' is nothing that git has here.*\n.*origin/main"),
    ],
    "graph": [
        (["flow.py", "--format", "svgg"], 2, "'svgg' is not one of.*\n.*did you mean 'svg'"),
        (["flow.py", "--format", ""], 2, "'' is not one of"),
        (["flow.py", "--output", "graph.jpg"], 2, "'graph.jpg' does not say which format.*\n.*svg"),
        (["flow.py", "--output", "nowhere/graph.mmd"], 5, "cannot write 'nowhere/graph.mmd'"),
        (["flow.py", "--output", ""], 2, "'--output': '' is no path"),
    ],
    "pin": [
        (["nope"], 2, "calls 'nope'.*\n.*actions/checkout"),
        ([""], 2, "calls ''"),
        (["actions/checkout@"], 2, "'' is not a tag"),
        (["actions/checkout@v7; touch pwned"], 2, "'v7; touch pwned' is not a tag"),
        (["actions/checkout@--upload-pack=touch pwned"], 2, "is not a tag"),
        (["actions/checkout@v99"], 5, "'actions/checkout' cannot be asked: fatal: .*\n.*git ls-remote"),
        (["actions/checkout", "--adopt"], 2, "--adopt takes"),
        (["--major", "--adopt"], 2, "--adopt takes"),
    ],
    "upgrade": [(["0.1.0"], 2, r"unexpected extra argument \(0.1.0\)")],
    "act": [
        (["flow.py", "--logical-date", "2026-03-30"], 2, "pipeline .* has no schedule"),
        (["flow.py", "--job", "laod"], 2, "no step 'laod'.*\n.*load"),
        (["flow.py", "--job", ""], 2, "no step ''"),
        (["flow.py", "--rerun", "nope"], 2, "no run 'nope' of orch act.*\n.*orch runs list"),
        (["flow.py", "--rerun", "../.."], 2, r"no run '\.\./\.\.' of orch act"),
        (["flow.py", "--rerun", ""], 2, "no run '' of orch act"),
        (["flow.py", "--rerun", "5", "--set", "rows=1"], 2, "the next attempt of a run has its parameters"),
        (["flow.py", "--event", "nope.json"], 2, "the event 'nope.json' cannot be read.*\n.*GitHub's payload"),
        (["flow.py", "--event", ""], 2, "'--event': '' is no path"),
        (["flow.py", "--event", "flow.py"], 2, "the event 'flow.py' is not JSON"),
        (["flow.py", "--env", "curent"], 2, "'curent' is not one of.*\n.*did you mean 'current'"),
        (["flow.py", "--keep", "flow.py"], 5, "--keep 'flow.py' cannot be made a folder"),
        (["flow.py", "--keep", "."], 2, "'.' is not empty"),
        (["flow.py", "--keep", ""], 2, "'--keep': '' is no path"),
    ],
    "runs list": [(["--all"], 2, "no option '--all'")],
    "runs show": [(["nope"], 2, "no run 'nope'.*\n.*orch runs list"), ([""], 2, "no run ''"), (["../.."], 2, r"no run '\.\./\.\.'")],
    "runs logs": [
        (["nope"], 2, "no run 'nope'.*\n.*orch runs list"),
        (["20260101", "--step", "laod"], 2, "no step 'laod'.*\n.*did you mean 'load'"),
        (["20260101", "--step", ""], 2, "no step ''"),
    ],
    "plan": [
        (["nope.py"], 2, "no file 'nope.py'"),
        (["flow.py:chrn"], 3, "no pipeline 'chrn'"),
        (["flow.py", "--pack", "car"], 2, "'--pack': 'car' is not one of 'auto', 'none'"),
        (["flow.py", "--pack", ""], 2, "'--pack': '' is not one of"),
    ],
    "explain": [
        (["flow.py", "laod"], 2, "no step 'laod'.*\n.*did you mean 'load'"),
        (["nope.py", "load"], 2, "no file 'nope.py'"),
        (["nope", "load"], 2, "no run 'nope'"),
        (["", "load"], 2, "no run ''"),
        (["laod"], 2, "no step 'laod'.*\n.*did you mean 'load'"),
        ([""], 2, "no step ''"),
        (["a", "b", "c"], 2, r"3 arguments.*\n.*orch explain"),
        (["load", "--set", "rows=1"], 2, "--set and --config are for.*\n.*orch explain FILE"),
        (["flow.py", "load", "--set", "row=1"], 2, "did you mean 'rows'"),
        (["flow.py", "load", "--config", "nope.yaml"], 2, "--config 'nope.yaml' cannot be read"),
    ],
    "gc": [
        (["--older-than", "5"], 2, "'5' is not an age.*\n.*30d"),
        (["--older-than", "-5d"], 2, "'-5d' is not an age"),
        (["--older-than", ""], 2, "'' is not an age"),
        (["--max-size", "5 apples"], 2, "'5 apples' is not a size.*\n.*10GB"),
        (["--max-size", "1e400GB"], 2, "'1e400GB' is not a size"),
        (["--max-size", ""], 2, "'' is not a size"),
        (["--keep-last", "-1"], 2, "'--keep-last': -1 is not in the range"),
        (["--keep-last", "all"], 2, "'--keep-last': 'all' is not a whole number"),
        (["20260101"], 2, r"unexpected extra argument \(20260101\)"),
    ],
    "stack list": [(["laptop"], 2, r"unexpected extra argument \(laptop\)")],
    "stack describe": [(["nowhere"], 2, "no stack 'nowhere'.*\n.*local"), ([""], 2, "no stack ''")],
    "stack set": [(["nowhere"], 2, "no stack 'nowhere'.*\n.*local"), ([""], 2, "no stack ''")],
    "orchestrator flavor list": [(["local"], 2, r"unexpected extra argument \(local\)")],
    "schema": [
        (["grap"], 2, "no schema 'grap'.*\n.*did you mean 'graph'"),
        ([""], 2, "no schema ''"),
        (["../graph"], 2, "no schema '../graph'"),
        (["graph", "--output", "flow.py"], 5, "cannot write to 'flow.py'"),
        (["graph", "--output", ""], 2, "'--output': '' is no path"),
    ],
    "step run": [
        (["--grap", "graph.json"], 2, "'--grap'.*\n.*did you mean '--graph'"),
        (["load"], 2, "'load'"),
        (["--graph"], 2, "--graph needs a value"),
        (["--graph", "nope.json", *STEP_RUN[2:]], 3, "the graph 'nope.json' cannot be read.*\n.*orch compile"),
        (["--graph", "flow.py", *STEP_RUN[2:]], 3, "the graph 'flow.py' is not JSON"),
        ([*STEP_RUN, "--step", "laod"], 3, "no step 'laod'.*\n.*load"),
        ([*STEP_RUN, "--outputs", "flow.py"], 5, "cannot write to '.*flow.py'"),
        ([*STEP_RUN, "--record", "flow.py/x"], 5, "cannot write to '.*flow.py/x'"),
        ([*STEP_RUN, "--project", "nope"], 2, "--project '.*nope' is not the folder"),
        ([*STEP_RUN, "--pickle", "maybe"], 2, "--pickle is 'maybe'.*\n.*forbid"),
    ],
    "completion": [(["tcsh"], 2, "'tcsh' is not one of.*\n.*did you mean 'zsh'"), ([""], 2, "'' is not one of")],
}

# What may be made even so: locks, and what is known of sources.
OURS = {".orch/lock", ".orch/cache/lock", ".orch/cache/sources.json", ".orch/.gitignore"}


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from commands(inner, f"{path} {name}")
    else:
        yield path, command


def all_commands() -> dict[str, click.Command]:
    """Those that do something, by what is typed."""
    loaded = {name: importlib.import_module(f"orch.cli.{name}").command for name in COMMANDS}
    return {path: inner for name, command in loaded.items() for path, inner in commands(command, name)}


LEAVES = all_commands()
OPTIONS = {path: [option for each in command.params for option in each.opts if option[:2] == "--"] for path, command in LEAVES.items()}
OPTIONS["step run"] += ["--graph", "--step", "--inputs", "--outputs", "--record", "--project"]


@pytest.fixture(autouse=True)
def repository(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    action_repositories: ActionRepositories,  # so that no mistake reaches the network
) -> Iterator[Path]:
    """With a pipeline and a run of it."""
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    (root / "flow.py").write_text(GOOD)
    folder = Home.of(root).run(RUN)
    folder.path.mkdir(parents=True)
    folder.write_run(RunRecord(runs.info(RUN), State.SUCCEEDED, (runs.ended("load"),)))
    monkeypatch.chdir(root)
    with separate_modules():
        yield root


@pytest.fixture
def compiled(repository: Path, orch: CommandLine) -> Path:
    """The graph of the pipeline as a file."""
    assert orch("compile", "flow.py").code == 0
    (repository / "graph.json").write_bytes((repository / ".github/orch/churn.json").read_bytes())
    return repository


def test_every_command_stands_in_the_table_with_each_of_its_options_that_take_a_value() -> None:
    assert set(MISTAKES) == set(LEAVES)
    for path, command in LEAVES.items():
        typed = {word for words, _, _ in MISTAKES[path] for word in words}
        takes_value = {each.opts[-1] for each in command.params if isinstance(each, click.Option) and not each.is_flag}
        # --set has a table of its own, in test_bad_input.py
        assert takes_value - typed <= {"--set"}, path


@pytest.mark.parametrize(
    ("path", "words", "code", "error"),
    [(path, *mistake) for path, mistakes in MISTAKES.items() for mistake in mistakes],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_word_is_told_and_changes_nothing(
    path: str, words: list[str], code: int, error: str, request: pytest.FixtureRequest, repository: Path, orch: CommandLine
) -> None:
    if path == "step run":
        request.getfixturevalue("compiled")
    before = tree(repository, besides=frozenset({"__pycache__"}))

    outcome = orch(*path.split(), *words)

    told(outcome, code, error)
    assert "help: " in outcome.err
    after = tree(repository, besides=frozenset({"__pycache__"}))
    assert {name: content for name, content in after.items() if name not in OURS} == before


@pytest.mark.parametrize("path", LEAVES)
def test_an_option_with_a_letter_missing_names_the_one_that_was_meant(path: str, repository: Path, orch: CommandLine) -> None:
    before = tree(repository)
    for option in OPTIONS[path]:
        typed = option[:3] + option[4:]

        outcome = orch(*path.split(), typed, "x")

        told(outcome, 2, re.escape(f"'{typed}'"))
        assert f"did you mean '{option}'?" in outcome.err
    assert tree(repository) == before


WORDS = sorted({(" ".join(words[:depth]), words[depth]) for words in map(str.split, LEAVES) for depth in range(len(words))})


@pytest.mark.parametrize(("group", "name"), WORDS)
def test_a_command_with_a_letter_missing_names_the_one_that_was_meant(group: str, name: str, orch: CommandLine) -> None:
    typed = name[:1] + name[2:]

    outcome = orch(*group.split(), typed)

    told(outcome, 2, f"has no command '{typed}'")
    assert f"did you mean '{name}'?" in outcome.err


@pytest.mark.parametrize("path", LEAVES)
def test_a_command_without_arguments_in_an_empty_folder_works_or_says_what_it_needs(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orch: CommandLine
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)

    outcome = orch(*path.split())

    no_trace(outcome)
    if outcome.code:
        told(outcome, outcome.code)
        assert "help: " in outcome.err
    else:
        assert outcome.out + outcome.err
    assert tree(empty) == {} or path == "init"  # which makes a repository


@pytest.mark.parametrize("group", ["", "runs", "stack", "orchestrator", "orchestrator flavor", "step"])
def test_a_group_without_a_command_shows_those_that_it_has(group: str, orch: CommandLine) -> None:
    outcome = orch(*group.split())

    assert outcome.code == 2
    assert outcome.err.startswith(f"Usage: orch {group}".rstrip())
    assert "Commands:" in outcome.err
