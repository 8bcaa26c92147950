"""Of what earlier jobs delivered, each step's newest attempt counts, wherever it was unpacked."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.runs import artifact, ended

from orch.errors import InputMissingError, RecordError
from orch.model import canonical
from orch.model.records import SCHEMA, StepRecord
from orch.runtime.delivered import artifacts_for, newest_records


def deliver(folder: Path, record: StepRecord) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "record.json").write_text(canonical.dumps(record.to_json()))


def load(attempt: int = 1, digit: str = "a") -> StepRecord:
    return ended("load", attempt=attempt, outputs={"data": artifact(digit=digit)})


def test_one_artifact_may_be_unpacked_without_a_folder_of_its_own(tmp_path: Path) -> None:
    deliver(tmp_path, load())

    assert newest_records(tmp_path) == {"load": (load(), tmp_path)}


@pytest.mark.parametrize("order", [(2, 10), (10, 2)])
def test_the_highest_attempt_counts_and_not_the_name_of_its_folder(tmp_path: Path, order: tuple[int, int]) -> None:
    for folder, attempt in zip("ab", order, strict=True):
        deliver(tmp_path / folder, load(attempt))

    record, folder_ = newest_records(tmp_path)["load"]

    assert record.attempt == 10
    assert folder_.name == "ab"[order.index(10)]


def test_an_artifact_comes_with_the_store_that_holds_it(tmp_path: Path) -> None:
    deliver(tmp_path / "orch-p-load-a1", load())

    found = artifacts_for([("load", "data")], tmp_path)

    assert found == {"load.data": artifact().to_json() | {"store": str(tmp_path / "orch-p-load-a1")}}


@pytest.mark.parametrize("reference", [("load", "other"), ("train", "data")])
def test_what_was_not_delivered_is_named(tmp_path: Path, reference: tuple[str, str]) -> None:
    deliver(tmp_path / "x", load())

    with pytest.raises(InputMissingError, match=f"step '{reference[0]}' delivered no output '{reference[1]}'"):
        artifacts_for([reference], tmp_path)


def test_a_folder_that_was_never_made_delivered_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError):
        artifacts_for([("load", "data")], tmp_path / "inputs")


def test_a_step_that_reads_nothing_needs_no_folder(tmp_path: Path) -> None:
    assert artifacts_for([], tmp_path / "inputs") == {}


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema": 1}', "[" * 100_000])
def test_a_damaged_record_is_named_by_its_folder(tmp_path: Path, text: str) -> None:
    (tmp_path / "orch-p-load-a1").mkdir()
    (tmp_path / "orch-p-load-a1" / "record.json").write_text(text)

    with pytest.raises(RecordError, match="orch-p-load-a1"):
        newest_records(tmp_path)


def test_a_newer_record_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text(canonical.dumps(load().to_json() | {"schema": SCHEMA + 1}))

    with pytest.raises(RecordError) as caught:
        newest_records(tmp_path)

    assert "install" in caught.value.hint
