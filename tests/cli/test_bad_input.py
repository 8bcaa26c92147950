"""Whatever a command is given: one clear error, the exit code of its kind, no traceback of ours, and nothing of the user's changed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.command_line import CommandLine
from support.mistakes import GOOD, no_trace, told, tree

from orch.authoring.load import separate_modules

TAKE_A_FILE = ("run {}", "compile {}", "check {}", "graph {}", "act {}", "explain {} load")
TAKE_ONE_PIPELINE = ("run {}", "graph {}", "act {}", "explain {} load")
TAKE_PARAMETERS = ("run {}", "act {}", "explain {} load")
# These look at the pipelines that orch.yaml names.
TAKE_ALL = ("compile", "check", "upgrade", "pin --adopt", "init", "init --dry-run")

# What stands in the file that a command is given -> its exit code, and what the error says.
BROKEN_MODULES: dict[str, tuple[bytes, int, str]] = {
    "a module that is no Python": (b"def f(:\n", 3, r"^flow\.py:1: error: .*SyntaxError"),
    "a module with a null byte": (b"x = 1\0\n", 3, r"flow\.py.*null byte"),
    "a module that is not UTF-8": (b"x = '\xff\xfe'\n", 3, r"flow\.py.*(utf-8|UTF-8)"),
    "a module that misses a package": (b"import no_such_package\n", 3, r"^flow\.py:1: error: .*no_such_package"),
    "a module that raises": (b"\n\n1 / 0\n", 3, r"^flow\.py:3: error: .*ZeroDivisionError"),
    "a module that exits with success": (b"import sys\nsys.exit(0)\n", 3, r"^flow\.py:2: error: .*SystemExit"),
    "a module that recurses": (b"def f():\n    f()\nf()\n", 3, r"^flow\.py:2: error: .*RecursionError"),
    "a module that raises what cannot be told": (
        b"class E(Exception):\n    def __str__(self):\n        raise RuntimeError\nraise E\n",
        3,
        r"^flow\.py:4: error: ",
    ),
    "a module that runs its pipeline": (GOOD.encode() + b"\nchurn()\n", 3, r"^flow\.py:\d+: error: .*\[run-on-import\]"),
    "a module without a pipeline": (b"x = 1\n", 3, r"^flow\.py: error: this file defines no @pipeline"),
    "an empty module": (b"", 3, r"^flow\.py: error: this file defines no @pipeline"),
    "a pipeline without steps": (b"from orch import pipeline\n@pipeline\ndef churn(): ...\n", 3, r"^flow\.py:\d: error: .*no steps"),
}


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    (root / "flow.py").write_text(GOOD)
    monkeypatch.chdir(root)
    with separate_modules():
        yield root


def words(command: str, reference: str = "flow.py") -> list[str]:
    return [reference if word == "{}" else word for word in command.split()]


@pytest.mark.parametrize("command", [*TAKE_A_FILE, *TAKE_ALL])
@pytest.mark.parametrize("fault", BROKEN_MODULES)
def test_a_module_that_cannot_be_used_is_told_with_its_place(command: str, fault: str, repository: Path, orch: CommandLine) -> None:
    text, code, error = BROKEN_MODULES[fault]
    (repository / "flow.py").write_bytes(text)
    (repository / "orch.yaml").write_text("pipelines: [flow.py]\n")
    before = tree(repository)

    outcome = orch(*words(command))

    told(outcome, code, error)
    assert "help: " in outcome.err

    assert tree(repository) == before


@pytest.mark.parametrize("command", TAKE_A_FILE)
@pytest.mark.parametrize(
    "reference",
    ["", "nope.py", "nope", ".", "nope/flow.py", "flow.py/x", "-", "flow.txt", "broken.py", "flow.py:nope", "no\nsuch.py", "${{ x }}.py"],
)
def test_a_reference_to_nothing_is_told_with_its_value(command: str, reference: str, repository: Path, orch: CommandLine) -> None:
    (repository / "flow.txt").write_text(GOOD)
    (repository / "broken.py").symlink_to("gone.py")
    before = tree(repository)

    outcome = orch(*words(command, reference))

    told(outcome, 3 if reference == "flow.py:nope" else 2, "error: ")
    assert repr(reference.removeprefix("flow.py:"))[1:-1] in outcome.err
    assert "help: " in outcome.err
    assert tree(repository) == before


@pytest.mark.parametrize("command", TAKE_ONE_PIPELINE)
def test_a_file_of_several_pipelines_names_them(command: str, repository: Path, orch: CommandLine) -> None:
    (repository / "flow.py").write_text(GOOD + "\n@pipeline\ndef other() -> None:\n    load(1, 'x')\n")

    outcome = orch(*words(command))

    told(outcome, 3, "this file defines 2 pipelines")
    assert "flow.py:churn, flow.py:other" in outcome.err


@pytest.mark.parametrize("command", TAKE_PARAMETERS)
@pytest.mark.parametrize(
    ("assignment", "error"),
    [
        ("rows", "'rows'"),
        ("=3", "'=3'"),
        ("", "''"),
        ("rows=", "rows"),
        ("rows=many", "'many'"),
        ("rows=3.5", "'3.5'"),
        ("rows=1e400", "'1e400'"),
        ("row=3", "did you mean 'rows'"),
        ("rows=${{ secrets.TOKEN }}", "secrets.TOKEN"),
        ("rows=$(touch pwned)", "touch pwned"),
        ("rows=`touch pwned`", "touch pwned"),
        ("rows=3\ntouch pwned", "touch pwned"),
    ],
)
def test_a_wrong_parameter_is_told_with_its_value(command: str, assignment: str, error: str, repository: Path, orch: CommandLine) -> None:
    before = tree(repository)

    told(orch(*words(command), "--set", assignment), 2, re.escape(error))

    assert tree(repository) == before


HOSTILE = [
    "${{ secrets.TOKEN }}",
    "$(touch pwned)",
    "`touch pwned`",
    "'; touch pwned; '",
    '"; touch pwned; "',
    "a\nb\n::error::x",
    "--help",
    "\\",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_reaches_the_step_as_it_was_typed(value: str, repository: Path, orch: CommandLine) -> None:
    (repository / "flow.py").write_text(GOOD.replace("return list(range(rows))", "raise ValueError(repr(name))"))
    before = tree(repository)

    outcome = orch("run", "flow.py", "--set", f"name={value}", "--json")

    assert outcome.code == 1
    record = json.loads(outcome.out.splitlines()[-1])
    assert record["steps"][0]["failure"]["message"] == repr(value)
    assert tree(repository) == before


@pytest.mark.parametrize("value", HOSTILE)
def test_a_default_is_data_in_every_generated_file(value: str, repository: Path, orch: CommandLine) -> None:
    """Nothing of it is an expression or a line of a script: GitHub's own parser reads the same in tests/parser."""
    (repository / "flow.py").write_text(GOOD.replace('name: str = "x"', f"name: str = {value!r}"))
    outcome = orch("compile", "flow.py")
    if outcome.code:  # what GitHub has no form for is refused, with the place
        told(outcome, 3, r"^flow\.py")
        return

    graph = json.loads((repository / ".github/orch/churn.json").read_text())
    assert graph["parameters"][1]["default"] == value
    workflow = (repository / ".github/workflows/churn.yml").read_text()
    assert "run: " not in "".join(line for line in workflow.splitlines() if "touch pwned" in line)
    assert orch("check", "flow.py").code in (0, 3)  # 3: before the first release the action is a placeholder
    assert not (repository / "pwned").exists()


RECORDS = {
    "an empty record": "",
    "half a record": '{"schema":1,"kind":"run","run":"x",',
    "a record of a newer schema": '{"schema":99,"kind":"run"}',
    "something else": "[1,2]",
    "nested beyond reason": "[" * 100_000,
    "a record of wrong types": '{"schema":1,"kind":"run","run":7,"pipeline":[],"parameters":{},"state":"succeeded","steps":[]}',
    "an unknown state": '{"schema":1,"kind":"run","run":"x","pipeline":"p","parameters":{},"state":"exploded","steps":[]}',
}


@pytest.mark.parametrize("command", ["runs show {}", "runs logs {}", "runs show --json {}", "explain {} load"])
@pytest.mark.parametrize("fault", RECORDS)
def test_a_record_that_cannot_be_read_is_told_with_its_file(command: str, fault: str, repository: Path, orch: CommandLine) -> None:
    folder = repository / ".orch/runs/20260101-000000-abcdef"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(RECORDS[fault])
    before = (folder / "run.json").read_bytes()

    told(orch(*words(command, folder.name)), 2, r"^\.orch/runs/20260101-000000-abcdef/run\.json")
    listed = orch("runs", "list")

    assert "run.json" in listed.err
    assert (folder / "run.json").read_bytes() == before


GRAPH: dict[str, Any] = {
    "schema": 1,
    "pipeline": "churn",
    "project": ".",
    "source": "flow.py:churn",
    "parameters": [],
    "steps": [{"id": "load", "source": "flow.py:plain", "inputs": [], "outputs": []}],
    "triggers": [],
}


def graph(**changes: object) -> str:
    """The whole, with what `changes` says of it; `step_` begins a key of its step."""
    steps = [GRAPH["steps"][0] | {key.removeprefix("step_"): value for key, value in changes.items() if key.startswith("step_")}]
    return json.dumps(GRAPH | {"steps": steps} | {key: value for key, value in changes.items() if not key.startswith("step_")})


GRAPHS = {
    "no graph": "{}",
    "half a graph": '{"schema":1,',
    "a newer graph": graph(schema=99),
    "nested beyond reason": "[" * 100_000,
    "a key that nobody knows": graph(run="touch pwned"),
    "a key of a step that nobody knows": graph(step_shell="touch pwned"),
    "a project above the repository": graph(project="../.."),
    "a project elsewhere": graph(project="/etc"),
    "code above the project": graph(step_source="../evil.py:f"),
    "code elsewhere": graph(step_source="/etc/evil.py:f"),
    "code that is no function": graph(step_source="flow.py:__import__('os').system('touch pwned')"),
    "a step that is a path": graph(step_id="../load"),
}


STEP_RUN = ("step", "run", "--graph", "graph.json", "--step", "load", "--inputs", "in", "--outputs", "out", "--record", "rec")


def test_the_graph_that_the_others_are_made_of_runs(repository: Path, orch: CommandLine) -> None:
    (repository / "flow.py").write_text(GOOD + "\n@step\ndef plain() -> None: ...\n")
    (repository / "graph.json").write_text(graph())

    assert orch(*STEP_RUN).code == 0


@pytest.mark.parametrize("fault", GRAPHS)
def test_a_graph_file_that_cannot_be_trusted_is_told_and_runs_nothing(fault: str, repository: Path, orch: CommandLine) -> None:
    (repository / "graph.json").write_text(GRAPHS[fault])
    (repository.parent / "evil.py").write_text("raise SystemExit('it ran')\n")
    before = tree(repository.parent)

    outcome = orch(*STEP_RUN)

    no_trace(outcome)
    assert outcome.code in (1, 3)
    if outcome.code == 3:
        told(outcome, 3, r"graph\.json")
        assert "help: " in outcome.err
    assert "it ran" not in outcome.out + outcome.err
    after = tree(repository.parent)
    assert {name: content for name, content in after.items() if not name.startswith("repository/rec/")} == before


@pytest.mark.parametrize("command", [("run", "flow.py"), ("compile",), ("check",), ("stack", "list"), ("act", "flow.py")], ids=" ".join)
@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"{", "not YAML"),
        (b"stacks: [", "not YAML"),
        (b"\xff\xfe", "UTF-8"),
        (b"stack: {}", "did you mean 'stacks'"),
        (b"active: nowhere", "nowhere"),
        (b"pickle: perhaps", "pickle"),
        (b"- a\n- b", "orch.yaml"),
        (b"a: &a [*a]", "alias"),
        (b"!!python/object/apply:os.system ['touch pwned']", "orch.yaml"),
        (b"active: !!python/object/apply:os.system ['touch pwned']", "orch.yaml"),
    ],
)
def test_settings_that_cannot_be_used_are_told_with_their_line(
    command: tuple[str, ...], text: bytes, error: str, repository: Path, orch: CommandLine
) -> None:
    if text == b"active: nowhere" and command[0] not in ("run", "stack"):
        return  # this command uses no stack
    (repository / "orch.yaml").write_bytes(text)
    before = tree(repository)

    outcome = orch(*command)

    told(outcome, 2, re.escape(error))
    assert tree(repository) == before
