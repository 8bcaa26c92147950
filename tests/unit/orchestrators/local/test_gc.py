"""Collecting in real homes: what is kept still loads, and nothing that nobody needs is left."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import runs

from orch import files, locks, materializers
from orch.errors import StoreError
from orch.model import canonical
from orch.model.artifacts import Artifact
from orch.model.index import Entry
from orch.model.records import StepRecord
from orch.model.runs import RunRecord
from orch.model.states import State
from orch.orchestrators.local import results
from orch.orchestrators.local.garbage import Limits
from orch.orchestrators.local.gc import Collected, collect
from orch.orchestrators.local.home import Home
from orch.stores.local import LocalStore, stored_objects

DAY: Final = 86400.0
NOW: Final = datetime(2026, 6, 1, tzinfo=UTC).timestamp()
MONTH: Final = Limits(30 * DAY, 0)
EVERYTHING: Final = Limits(0, 0)


def at(days_ago: float) -> str:
    return datetime.fromtimestamp(NOW - days_ago * DAY, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def save(home: Home, value: object) -> Artifact:
    return materializers.save(value, LocalStore(home.store))


def keep_run(
    home: Home, run: str, days_ago: float, *values: object, key: str = "", facts: Any = None, state: State = State.SUCCEEDED
) -> None:
    """A run of one step with these outputs, of which nothing but its record speaks."""
    outputs = {f"o{number}": save(home, value) for number, value in enumerate(values)}
    step = StepRecord("step", state, outputs=outputs, key=key, facts=facts or {})
    with home.running(run) as folder:
        folder.append_steps([step])
        folder.write_run(RunRecord(runs.info(run, started=at(days_ago)), state, (step,), at(days_ago)))


def keep_result(home: Home, key: str, days_ago: float, *values: object, facts: Any = None) -> None:
    outputs = {f"o{number}": save(home, value) for number, value in enumerate(values)}
    digest = f"sha256:{key * 64}"
    results.append(home.index, [Entry(digest, "churn", "step", "run", at(days_ago), facts or {}, outputs)])


def gc(home: Home, limits: Limits = MONTH, *, dry_run: bool = False) -> Collected:
    return collect({"": home}, limits, NOW, dry_run=dry_run)


def objects(home: Home) -> int:
    return len(dict(stored_objects(home.store)))


def values_of(home: Home, run: str, scratch: Path) -> list[object]:
    outputs = home.run(run).read().steps[0].outputs
    return [materializers.load(artifact, LocalStore(home.store, verify=True), scratch=scratch) for artifact in outputs.values()]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.of(tmp_path)


def test_old_runs_and_results_go_and_what_is_kept_still_loads(home: Home, tmp_path: Path) -> None:
    keep_run(home, "old", 40, "shared", "old")
    keep_run(home, "new", 1, "shared", "new")
    keep_result(home, "a", 40, "old result")
    keep_result(home, "b", 1, "new result")

    collected = gc(home)

    assert (collected.runs, collected.results, collected.objects) == (("old",), 1, 2)
    assert [folder.run_id for folder in home.folders()] == ["new"]
    assert values_of(home, "new", tmp_path) == ["shared", "new"]
    assert [entry.key[7] for entry in results.read_index(home.index)] == ["b"]
    assert objects(home) == 3


def test_a_dry_run_tells_the_same_and_deletes_nothing(home: Home) -> None:
    keep_run(home, "old", 40, "x")
    keep_result(home, "a", 40, "y")
    before = sorted(home.path.rglob("*"))

    told = gc(home, dry_run=True)

    assert sorted(home.path.rglob("*")) == before
    assert gc(home) == told
    assert objects(home) == 0


def test_what_it_says_was_freed_is_what_is_gone(home: Home) -> None:
    keep_run(home, "old", 40, list(range(1000)), "x" * 1000)
    keep_run(home, "new", 1, "y")

    def size() -> int:
        return sum(path.stat().st_size for path in home.path.rglob("*") if path.is_file())

    before = size()
    collected = gc(home)

    assert collected.freed == before - size()


def test_everything_goes_without_limits_and_an_empty_home_is_no_trouble(home: Home) -> None:
    assert gc(home) == Collected((), 0, 0, 0, 0, 0, 0, 0, ())
    keep_run(home, "old", 40, "x")

    gc(home, EVERYTHING)

    assert objects(home) == 0
    assert home.folders() == []


def test_while_a_run_goes_on_it_and_every_object_stay(home: Home) -> None:
    keep_run(home, "old", 40, "x")
    with home.running("busy") as folder:
        folder.write_run(RunRecord(runs.info("busy", started=at(1)), State.RUNNING, ()))
        LocalStore(home.store).put(b"nobody has named it yet")
        during = gc(home, EVERYTHING)
        left = objects(home)
    after = gc(home, EVERYTHING)

    assert (during.runs, during.objects, during.going_on) == (("old",), 0, ("busy",))
    assert left == 2
    assert during.waiting > 0
    assert (after.runs, after.objects) == (("busy",), 2)


def test_a_run_that_was_killed_goes_by_its_age_with_what_its_steps_left(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    keep_run(home, "killed", 1, "x", state=State.RUNNING)
    folder = home.run("killed").path
    litter = [folder / ".writing" / "half", folder / "run.json.1-0.tmp", tmp_path / "orch-step-killed-0123" / "file"]
    litter += [home.store / ".writing-dead-1", home.path / ".gitignore.1-0.tmp", home.index.parent / "index.jsonl.1-0.tmp"]
    for path in litter:
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text("half")

    assert gc(home).leftovers == len(litter)
    assert not [path for path in litter if path.exists()]
    assert [folder.run_id for folder in home.folders()] == ["killed"]
    assert objects(home) == 1


def test_nothing_of_a_run_that_goes_on_counts_as_left_behind(home: Home) -> None:
    with home.running("busy") as folder:
        (folder.path / ".writing").mkdir()
        aside = home.store / ".writing-busy-1"
        aside.parent.mkdir()
        aside.write_text("half")

        assert gc(home, EVERYTHING).leftovers == 0
        assert aside.exists()
        assert (folder.path / ".writing").exists()


def test_sources_that_facts_name_are_kept_with_the_result_or_run_that_names_them(home: Home) -> None:
    store = LocalStore(home.store)
    source, other = store.put(b"def step(): ...\n"), store.put(b"def other(): ...\n")
    document, older = (store.put(canonical.dumps({"pipeline.py": digest}).encode()) for digest in (source, other))
    keep_result(home, "a", 1, "x", facts={"code": document})
    keep_run(home, "1", 1, "x", key=source, facts={"texts": older})

    gc(home)

    assert all(store.has(digest) for digest in (source, other, document, older))
    gc(home, EVERYTHING)
    assert objects(home) == 0


@pytest.mark.parametrize("change", [{"schema": 99}, {"state": 7}])
def test_what_a_record_needs_that_this_version_cannot_read_is_kept_as_long_as_the_record(home: Home, change: dict[str, object]) -> None:
    keep_run(home, "1", 1, "x")
    record = home.run("1").path / "run.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | change, separators=(",", ":")))
    os.utime(home.run("1").path, (NOW - DAY, NOW - DAY))

    assert gc(home).objects == 0
    assert gc(home, EVERYTHING).objects == 1


def test_a_line_of_a_newer_index_is_kept_and_one_that_is_damaged_is_not(home: Home) -> None:
    keep_result(home, "a", 1, "x")
    line = json.loads(home.index.read_text())
    home.index.write_bytes(b'{"half\n' + canonical.dumps(line | {"schema": 99}).encode() + b"\n")

    gc(home)

    assert [json.loads(line)["schema"] for line in home.index.read_text().splitlines()] == [99]
    assert objects(home) == 1


def test_nothing_is_deleted_through_a_link(home: Home, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    keep_run(home, "old", 40, "x")
    for name in ("ab" * 1 + "cd" * 31, "run.json"):
        (elsewhere / name).parent.mkdir(exist_ok=True)
        (elsewhere / name).write_text("precious")
    (home.runs / "linked").symlink_to(elsewhere)
    (home.runs / ".removing-linked").symlink_to(elsewhere)
    (home.store / "objects" / "ef").symlink_to(elsewhere)
    (home.store / ".writing-linked").symlink_to(elsewhere)

    gc(home, EVERYTHING)

    assert len(list(elsewhere.iterdir())) == 2
    assert not home.run("old").path.exists()


def test_where_nobody_can_tell_whether_a_run_goes_on_nothing_is_deleted(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_run(home, "old", 40, "x")
    lock = locks.Lock(files.open_lock(home.path / "lock"), is_real=False)
    monkeypatch.setattr(locks, "try_take", lambda _: lock)

    with pytest.raises(StoreError, match="has no locks"):
        gc(home, EVERYTHING)
    assert objects(home) == 1


def test_a_folder_that_cannot_be_deleted_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_run(home, "old", 40, "x")

    def refuse(path: Path, _: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(files, "rename", refuse)
    with pytest.raises(StoreError, match=r"runs/old': Permission denied") as caught:
        gc(home)
    assert caught.value.hint


LIMITS = st.builds(Limits, st.integers(0, 60).map(lambda days: days * DAY), st.integers(0, 2), st.none() | st.integers(0, 3000))
RUN = st.tuples(st.integers(0, 60), st.lists(st.integers(0, 5), max_size=3))
RESULT = st.tuples(st.sampled_from("abc"), st.integers(0, 60), st.lists(st.integers(0, 5), max_size=2))


@settings(max_examples=40)
@given(kept=st.lists(RUN, max_size=5), cached=st.lists(RESULT, max_size=4), limits=LIMITS)
def test_after_collecting_every_kept_run_and_result_loads(
    tmp_path_factory: pytest.TempPathFactory, kept: list[Any], cached: list[Any], limits: Limits
) -> None:
    folder = tmp_path_factory.mktemp("gc")
    home = Home.of(folder)
    for number, (days, numbers) in enumerate(kept):
        keep_run(home, f"r{number}", days, *([value] * 100 for value in numbers))
    for key, days, numbers in cached:
        keep_result(home, key, days, *([value] * 100 for value in numbers))

    gc(home, limits)

    needed = set()
    for run in home.folders():
        for artifact in run.read().steps[0].outputs.values():
            materializers.load(artifact, LocalStore(home.store, verify=True), scratch=folder)
            needed.add(artifact.digest)
    for entry in results.read_index(home.index):
        for artifact in entry.outputs.values():
            materializers.load(artifact, LocalStore(home.store, verify=True), scratch=folder)
            needed.add(artifact.digest)
    assert set(dict(stored_objects(home.store))) == needed
