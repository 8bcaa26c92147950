"""`orch runs`: which run is meant, what it shows, and that one bad record hides no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support import runs
from support.command_line import CommandLine

from orch import locks
from orch.model.runs import RunRecord

GOLDEN = Path(__file__).parents[2] / "golden" / "cli"
OLD, NEW, ACT = "20260101-000000-aaaaaa", "20260102-000000-bbbbbb", "20260101-120000-cccccc"


def keep(home: Path, run: str, record: RunRecord) -> Path:
    folder = home / run
    folder.mkdir(parents=True)
    info = runs.info(run, started=f"{run[:4]}-{run[4:6]}-{run[6:8]}T{run[9:11]}:00:00.000Z")
    data = RunRecord(info, record.state, record.steps, record.ended, record.duration).to_json()
    (folder / "run.json").write_text(json.dumps(data), encoding="utf-8")
    (folder / "logs").mkdir()
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three runs: two by `orch run`, one by `orch act`."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    home = tmp_path / ".orch"
    keep(home / "runs", OLD, runs.record_of(runs.success()))
    newest = keep(home / "runs", NEW, runs.record_of(runs.failure()))
    keep(home / "act" / "runs", ACT, runs.record_of(runs.success()))
    (newest / "logs" / "train.log").write_text("two\n\x1b]0;x\x07\n", encoding="utf-8")
    (newest / "logs" / "load.log").write_text("one\n", encoding="utf-8")
    return home


# --- list ---


def test_runs_are_listed_newest_first(home: Path, orch: CommandLine, golden: Callable[[Path, str], None]) -> None:
    code, out, err = orch("runs", "list")

    assert (code, err) == (0, "")
    golden(GOLDEN / "runs-list.txt", out)


def test_runs_are_listed_from_a_folder_inside_the_repository(
    home: Path, orch: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")

    assert len(orch("runs", "list").out.splitlines()) == 3


def test_records_are_listed_as_one_json_array(home: Path, orch: CommandLine) -> None:
    records = json.loads(orch("runs", "list", "--json").out)

    assert [record["run"] for record in records] == [NEW, ACT, OLD]


def test_attempts_of_one_start_are_ordered_by_number(home: Path, orch: CommandLine) -> None:
    for attempt in (2, 11, 1):
        folder = keep(home / "runs", f"20260103-000000-{attempt}", runs.record_of(runs.success()))
        data = json.loads((folder / "run.json").read_text())
        (folder / "run.json").write_text(json.dumps(data | {"attempt": attempt}))

    assert [record["attempt"] for record in json.loads(orch("runs", "list", "--json").out)][:3] == [11, 2, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "this run record is damaged: JSONDecodeError"),
        (b'{"schema": 1', "this run record is damaged: JSONDecodeError"),
        (b"\xff\xfe\x00", "this run record is damaged: UnicodeDecodeError"),
        (b"[" * 100_000, "this run record is damaged: ValueError: it is nested too deeply"),
        (b"[]", "this is not a run record"),
        (b'{"schema": 1, "kind": "run"}', "this run record is damaged: KeyError: 'run'"),
        (b'{"schema": 99, "kind": "run"}', "the run record has schema 99, this version reads up to 1"),
        (None, "this run's record cannot be read: No such file or directory"),
    ],
)
def test_a_record_that_cannot_be_read_is_one_clear_line_and_hides_no_other(
    home: Path, orch: CommandLine, content: bytes | None, message: str
) -> None:
    file = home / "runs" / OLD / "run.json"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    code, out, err = orch("runs", "list")

    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == [NEW, ACT]
    assert err.startswith(f".orch/runs/{OLD}/run.json: error: {message}")
    assert err.splitlines()[0].endswith("[record]")
    assert orch("runs", "show", OLD).code == 2
    assert orch("runs", "show").code == 0


def test_without_runs_the_list_says_how_to_make_one(orch: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)

    assert orch("runs", "list") == (0, "", "no runs yet: `orch run FILE` makes one\n")
    assert orch("runs", "list", "--json").out == "[]\n"
    assert orch("runs", "show") == (2, "", "error: no runs in '.orch' [record]\n  help: `orch run FILE` makes one\n")


# --- show ---


def test_the_newest_run_is_shown(home: Path, orch: CommandLine, golden: Callable[[Path, str], None]) -> None:
    golden(GOLDEN / "runs-show.txt", orch("runs", "show").out)


def test_the_beginning_of_an_id_is_enough(home: Path, orch: CommandLine) -> None:
    assert json.loads(orch("runs", "show", "20260101-12", "--json").out)["run"] == ACT


def test_a_beginning_that_fits_two_runs_names_both(home: Path, orch: CommandLine) -> None:
    code, _, err = orch("runs", "show", "20260101")

    assert code == 2
    assert err.splitlines()[1] == f"  help: they are {ACT}, {OLD}" or err.splitlines()[1] == f"  help: they are {OLD}, {ACT}"


def test_a_whole_id_is_meant_even_if_another_starts_with_it(home: Path, orch: CommandLine) -> None:
    keep(home / "runs", f"{OLD}x", runs.record_of(runs.success()))

    assert json.loads(orch("runs", "show", OLD, "--json").out)["run"] == OLD


def test_an_unknown_run_names_the_nearest(home: Path, orch: CommandLine) -> None:
    assert orch("runs", "show", "20260102-000000-bbbbbc") == (
        2,
        "",
        f"error: no run '20260102-000000-bbbbbc' [usage]\n  help: did you mean '{NEW}'?\n",
    )


# --- logs ---


def test_logs_are_in_the_order_of_the_steps_with_their_names(home: Path, orch: CommandLine) -> None:
    assert orch("runs", "logs") == (0, "load | one\ntrain | two\ntrain | \\x1b]0;x\\x07\n", "")


def test_the_log_of_one_step_is_without_names(home: Path, orch: CommandLine) -> None:
    assert orch("runs", "logs", NEW, "--step", "load").out == "one\n"


def test_logs_as_json_are_one_line_per_step(home: Path, orch: CommandLine) -> None:
    lines = [json.loads(line) for line in orch("runs", "logs", "--json").out.splitlines()]

    assert [(line["id"], line["text"]) for line in lines] == [("load", "one\n"), ("train", "two\n\x1b]0;x\x07\n")]


def test_empty_logs_are_said_to_be_empty(home: Path, orch: CommandLine) -> None:
    for log in ("load", "train"):
        (home / "runs" / NEW / "logs" / f"{log}.log").write_text("")

    assert orch("runs", "logs") == (0, "", "this run printed nothing\n")
    assert orch("runs", "logs", "--step", "load") == (0, "", "step 'load' printed nothing\n")


def test_a_step_that_printed_nothing_is_said_so(home: Path, orch: CommandLine) -> None:
    assert orch("runs", "logs", "--step", "report") == (0, "", "step 'report' printed nothing\n")


@pytest.mark.parametrize("step", ["trian", "../../../x"])
def test_a_step_that_the_run_does_not_have_is_an_error(home: Path, orch: CommandLine, step: str) -> None:
    (home / "x.log").write_text("secret\n")
    code, out, err = orch("runs", "logs", "--step", step)

    assert (code, out) == (2, "")
    assert f"has no step {step!r}" in err
    assert ("did you mean 'train'?" in err) is (step == "trian")


def test_the_logs_of_a_run_without_a_final_record_are_shown(home: Path, orch: CommandLine) -> None:
    file = home / "runs" / NEW / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"steps": [], "state": "running"}))

    assert orch("runs", "logs", "--step", "load").out == "one\n"


# --- runs that have not ended ---


def test_a_run_that_was_killed_is_told_from_one_that_goes_on(home: Path, orch: CommandLine) -> None:
    for name in ("killed", "going-on"):
        folder = keep(home / "runs", f"20260104-000000-{name}", runs.record_of(runs.success()))
        (folder / "run.json").write_text(json.dumps(json.loads((folder / "run.json").read_text()) | {"state": "running", "steps": []}))
        (folder / "records.jsonl").write_text(json.dumps(runs.ended("load").to_json()) + "\n")
    with locks.take(home / "runs" / "20260104-000000-going-on" / "lock"):
        listed = {line.split()[0]: line.split()[2] for line in orch("runs", "list").out.splitlines()}
        records = {record["run"]: record for record in json.loads(orch("runs", "list", "--json").out)}
        shown = orch("runs", "show", "20260104-000000-killed").out

    assert listed["20260104-000000-killed"] == "killed"
    assert listed["20260104-000000-going-on"] == "running"
    assert {(record["state"], record.get("killed")) for record in records.values()} >= {("cancelled", True), ("running", None)}
    assert "load  succeeded" in shown
    assert shown.endswith("it was killed, or had no room to write any more: its process is gone, and it did not say that it ended\n")


def test_what_a_run_left_that_never_began_is_no_run(home: Path, orch: CommandLine) -> None:
    (home / "runs" / "20260105-000000-unborn").mkdir()
    (home / "runs" / "20260105-000000-unborn" / "lock").touch()
    (home / "runs" / "20260105-000000-unborn" / "run.json.1-0.tmp").write_text("{")

    assert len(orch("runs", "list").out.splitlines()) == 3
    assert orch("runs", "list").err == ""
