"""What a run left behind, damaged: commands that look tell it or do without it, runs make it again, and nothing else is changed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.command_line import CommandLine
from support.mistakes import no_trace, told, tree

from orch.authoring.load import separate_modules
from orch.cli.main import main

CHAIN = """
from __future__ import annotations
from orch import pipeline, step

@step
def load(rows: int) -> list[int]:
    print("loaded", rows)
    return list(range(rows))

@step
def total(numbers: list[int]) -> int:
    return sum(numbers)

@pipeline
def churn(rows: int = 4) -> None:
    total(load(rows))
"""
LOOK = ("runs list", "runs show", "runs logs", "explain total", "explain flow.py total", "gc --dry-run")
# What looking may make: locks, what is known of sources.
OURS = frozenset({"lock", "sources.json", "__pycache__"})
FILES = {
    "the run's record": "runs/*/run.json",
    "the steps' records": "runs/*/records.jsonl",
    "a log": "runs/*/logs/load.log",
    "the index": "cache/index.jsonl",
    "what is known of sources": "cache/sources.json",
    "a value": "store/objects/*/{value}",
    "sources": "store/objects/*/{texts}",
}
DAMAGES: dict[str, Any] = {
    "missing": lambda _: None,
    "empty": lambda _: b"",
    "cut in half": lambda data: data[: len(data) // 2],
    "with a byte flipped": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "of a newer schema": lambda data: data.replace(b'"schema":1', b'"schema":99'),
    "something else": lambda _: b"[1,2]\n",
    "nested beyond reason": lambda _: b"[" * 100_000,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository after a run, which nobody changes."""
    root = tmp_path_factory.mktemp("whole")
    (root / ".git").mkdir()
    (root / "flow.py").write_text(CHAIN)
    with separate_modules(), pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert main(["run", "flow.py"]) == 0
    return root


@pytest.fixture(autouse=True)
def repository(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    root = tmp_path / "repository"
    shutil.copytree(whole, root)
    monkeypatch.chdir(root)
    with separate_modules():
        yield root


def record(root: Path) -> Any:
    (file,) = root.glob(".orch/runs/*/run.json")
    return json.loads(file.read_bytes())


def find(root: Path, pattern: str) -> Path:
    load = record(root)["steps"][0]
    value, texts = load["outputs"]["output"]["digest"], load["facts"]["texts"]
    (file,) = root.glob(".orch/" + pattern.format(value=value[9:], texts=texts[9:]))
    return file


def damage(file: Path, how: str) -> None:
    data = DAMAGES[how](file.read_bytes())
    file.unlink()
    if data is not None:
        file.write_bytes(data)


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("what", FILES)
def test_commands_that_look_tell_damage_or_do_without(what: str, how: str, repository: Path, orch: CommandLine) -> None:
    file = find(repository, FILES[what])
    damage(file, how)
    before = tree(repository, besides=OURS)

    outcomes = {line: orch(*line.split()) for line in LOOK}

    for outcome in outcomes.values():
        no_trace(outcome)
        if outcome.code:
            told(outcome, outcome.code, re.escape(file.name))
            assert "help: " in outcome.err
    if what == "the run's record":
        for line in ("runs show", "runs logs", "explain total"):
            told(outcomes[line], 2, r"^\.orch/runs/[^/]*/run\.json: error: ")
        assert "run.json: error: " in outcomes["runs list"].err
    else:
        assert {line: outcome.code for line, outcome in outcomes.items()} == dict.fromkeys(LOOK, 0)
    assert tree(repository, besides=OURS) == before


@pytest.mark.parametrize("how", ["missing", "cut in half", "with a byte flipped"])
def test_a_value_that_is_damaged_is_made_again_by_the_next_run(how: str, repository: Path, orch: CommandLine) -> None:
    wanted = record(repository)["steps"]
    file = find(repository, FILES["a value"])
    data = file.read_bytes()
    damage(file, how)

    outcome = orch("run", "flow.py", "--json")

    assert outcome.code == 0
    steps = json.loads(outcome.out.splitlines()[-1])["steps"]
    assert [step["outputs"] for step in steps] == [step["outputs"] for step in wanted]
    assert file.read_bytes() == data or how == "with a byte flipped"  # then nobody reads it: `total` is cached


@pytest.mark.parametrize("how", ["missing", "cut in half", "with a byte flipped"])
def test_a_part_that_reads_a_damaged_value_says_which_step_makes_it(how: str, repository: Path, orch: CommandLine) -> None:
    damage(find(repository, FILES["a value"]), how)

    outcome = orch("run", "flow.py", "--step", "total")

    no_trace(outcome)
    assert outcome.code in (1, 2)
    assert "flow.py:churn --step load" in outcome.err or "run the step that made it again" in outcome.out


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("what", ["the index", "what is known of sources", "sources"])
def test_a_run_does_without_what_it_cannot_read(what: str, how: str, repository: Path, orch: CommandLine) -> None:
    wanted = record(repository)["steps"]
    damage(find(repository, FILES[what]), how)

    outcome = orch("run", "flow.py", "--json")

    assert outcome.code == 0
    assert [step["outputs"] for step in json.loads(outcome.out.splitlines()[-1])["steps"]] == [step["outputs"] for step in wanted]


def test_a_record_of_a_newer_version_names_it_and_stays(repository: Path, orch: CommandLine) -> None:
    file = find(repository, FILES["the run's record"])
    newer = {**record(repository), "schema": 2}
    newer["steps"][0] |= {"environment": {"orch": "9.1.0"}, "schema": 2}
    file.write_text(json.dumps(newer))

    told(orch("runs", "show"), 2, r"schema 2, this version reads up to 1(.|\n)*orch-toolkit 9\.1\.0")
    assert orch("gc").code == 0
    assert json.loads(file.read_text()) == newer


FILE = """
from pathlib import Path
from orch import context, pipeline, step

@step
def write() -> Path:
    out = context().temp / "out.txt"
    out.write_text("words")
    return out

@pipeline
def words() -> None:
    write()
"""


def test_a_run_that_an_error_ends_says_so_in_its_record(repository: Path, orch: CommandLine) -> None:
    (repository / "words.py").write_text(FILE)
    assert orch("run", "words.py").code == 0
    index = repository / ".orch/cache/index.jsonl"
    index.write_text(index.read_text().replace('"name":"out.txt"', '"name":"../out.txt"'))  # the bytes are whole

    outcome = orch("run", "words.py", "--json")

    told(outcome, 1, r"error: '\.\./out\.txt' cannot be the name of a file or folder here \[materialization\]")
    ended = json.loads(outcome.out.splitlines()[-1])
    assert ended["failure"] == {"cause": "materialization", "message": "'../out.txt' cannot be the name of a file or folder here"}
    assert (ended["state"], [step["state"] for step in ended["steps"]]) == ("failed", ["cached"])
    assert ended["ended"] > ended["started"]
    assert json.loads(orch("runs", "show", ended["run"], "--json").out) == ended
    assert re.search(rf"run {ended['run']} failed in .*: '\.\./out\.txt' cannot be the name", orch("runs", "show").out)
    assert orch("runs", "list").out.split()[:3] == [ended["run"], "words", "failed"]
