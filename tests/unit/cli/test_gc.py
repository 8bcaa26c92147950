"""`orch gc`: what it takes, and what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import runs
from support.command_line import CommandLine

from orch.model.runs import RunRecord
from orch.model.states import State
from orch.orchestrators.local.home import Home


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two ended runs of one pipeline, and one of `orch act`; they are years old."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    for home, run in ((Home.of(tmp_path), "20200101-a"), (Home.of(tmp_path), "20200102-b"), (Home.of_act(tmp_path), "1577836800000")):
        with home.running(run) as folder:
            folder.write_run(RunRecord(runs.info(run, started=f"2020-01-0{2 if run.endswith('b') else 1}T00:00:00Z"), State.SUCCEEDED, ()))
    return tmp_path


def test_it_says_what_went_and_what_is_left(repository: Path, orch: CommandLine) -> None:
    code, out, err = orch("gc")

    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "deleted 20200101-a"
    assert out.splitlines()[1].startswith("deleted 1 run, 0 cached results, 0 stored values, 0 leftovers: ")
    assert out.splitlines()[2].startswith("kept 2 runs: ")
    assert not Home.of(repository).run("20200101-a").path.exists()


def test_a_dry_run_says_would_and_deletes_nothing(repository: Path, orch: CommandLine) -> None:
    out = orch("gc", "--dry-run", "--keep-last", "0").out

    assert [line.partition(":")[0] for line in out.splitlines()][:3] == [
        "would delete 20200101-a",
        "would delete 20200102-b",
        "would delete act/1577836800000",
    ]
    assert len(orch("runs", "list").out.splitlines()) == 3


def test_json_is_one_line_with_all_of_it(repository: Path, orch: CommandLine) -> None:
    with Home.of(repository).running("busy") as folder:
        folder.write_run(RunRecord(runs.info("busy"), State.RUNNING, ()))
        told = json.loads(orch("gc", "--json", "--older-than", "1w", "--keep-last", "0").out)

    assert told["runs"] == ["20200101-a", "20200102-b", "act/1577836800000"]
    assert told["going_on"] == ["busy"]
    assert (told["dry_run"], told["kept_runs"]) == (False, 1)


def test_a_run_that_goes_on_is_named(repository: Path, orch: CommandLine) -> None:
    with Home.of(repository).running("busy") as folder:
        folder.write_run(RunRecord(runs.info("busy"), State.RUNNING, ()))
        out = orch("gc").out

    assert out.splitlines()[-1] == "going on: busy"


def test_without_runs_there_is_nothing_to_delete(tmp_path: Path, orch: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)

    assert orch("gc").out == "deleted 0 runs, 0 cached results, 0 stored values, 0 leftovers: 0 B\nkept 0 runs: 0 B\n"
    assert [entry.name for entry in tmp_path.iterdir()] == [".git"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--older-than", "5"], "--older-than '5' is not an age"),
        (["--older-than", "-1d"], "--older-than '-1d' is not an age"),
        (["--older-than", "٣d"], "--older-than '٣d' is not an age"),
        (["--max-size", "10"], "--max-size '10' is not a size"),
        (["--max-size", ""], "--max-size '' is not a size"),
        (["--keep-last", "-1"], "keep-last"),
    ],
)
def test_a_limit_that_is_none_is_named(repository: Path, orch: CommandLine, arguments: list[str], told: str) -> None:
    code, out, err = orch("gc", *arguments)

    assert (code, out) == (2, "")
    assert told in err
    assert "help: " in err
    assert len(Home.of(repository).folders()) == 2
