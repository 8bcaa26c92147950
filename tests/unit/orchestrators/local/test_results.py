"""The index of results: what counts of its lines, and that no line can do harm."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.errors import StoreError
from orch.model import canonical
from orch.model.artifacts import Artifact
from orch.model.index import Entry, Index
from orch.orchestrators.local.results import StoredIndex, append, compact, compacted, read_index, read_lines


def an_entry(key: str = "a", step: str = "load", run: str = "1", *, pipeline: str = "p", facts: object = None) -> Entry:
    output = Artifact(f"sha256:{key * 64}", 3, "json", preview='"key":"sha256:')
    return Entry(f"sha256:{key * 64}", pipeline, step, run, "2026-01-02T03:04:05.000Z", {"arguments": facts}, {"output": output})


def a_line(entry: Entry) -> bytes:
    return canonical.dumps(entry.to_json()).encode()


FIRST, SECOND = an_entry("a", run="1"), an_entry("b", run="2")


def test_what_was_appended_is_found_by_key_and_by_step(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "index.jsonl"
    append(file, [FIRST])
    append(file, [SECOND, an_entry("c", "other")])

    index = read_index(file)

    assert (index.get(FIRST.key), index.get(SECOND.key), index.get("sha256:" + "f" * 64)) == (FIRST, SECOND, None)
    assert index.newest_of("p", "load") == SECOND
    assert index.newest_of("p", "absent") is index.newest_of("q", "load") is None
    assert (len(index), [entry.run for entry in index]) == (3, ["1", "2", "1"])


def test_what_a_step_logged_comes_back_with_its_result_whatever_it_looks_like() -> None:
    entry = dataclasses.replace(FIRST, metadata={"rows": 3, "note": '},"outputs":{"key":"sha256:'})

    assert StoredIndex([a_line(entry)]).get(FIRST.key) == entry


def test_without_a_file_there_are_no_results(tmp_path: Path) -> None:
    assert len(read_index(tmp_path / "absent" / "index.jsonl")) == 0


def test_of_one_step_and_key_the_last_result_counts() -> None:
    index = StoredIndex([a_line(an_entry("a", run="1")), a_line(an_entry("a", run="2"))])

    assert index.get(FIRST.key) == an_entry("a", run="2")


@pytest.mark.parametrize("kind", [Index, lambda entries: StoredIndex(map(a_line, entries))], ids=["in memory", "of lines"])
def test_steps_of_one_key_keep_each_its_own_result(kind: Callable[[list[Entry]], Index]) -> None:
    """Five draws of a random number are five results, also when they are used again."""
    one, two = an_entry(step="draw", run="1"), an_entry(step="draw_2", run="1")
    index = kind([one, two])

    assert index.get(one.key, "p", "draw") == one
    assert index.get(one.key, "p", "draw_2") == two
    assert index.get(one.key, "p", "draw_3") == two
    assert index.get(one.key, "q", "draw") == two


DAMAGED = {
    "half a line": a_line(SECOND)[:-40],
    "no JSON": b"\x00\xff{{{",
    "an empty line": b"",
    "another document": b'{"kind":"run","schema":1}',
    "a newer schema": a_line(SECOND).replace(b'"schema":1', b'"schema":2'),
    "a hole": a_line(SECOND)[:60] + b"\x00" * 40 + a_line(SECOND)[100:],
    "another key inside": a_line(SECOND).replace(b'"key":"sha256:b', b'"key":"sha256:c', 1).replace(b'{"arguments"', b'{"x"}{"arguments"'),
    "a field of another type": a_line(SECOND).replace(b'"ended":"2026-01-02T03:04:05.000Z"', b'"ended":5'),
    "outputs that are a list": a_line(SECOND).replace(b'"outputs":{', b'"outputs":{"x":[],'),
}


@pytest.mark.parametrize("line", DAMAGED.values(), ids=DAMAGED)
def test_a_line_that_cannot_be_read_is_as_good_as_absent_and_hides_no_other(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "index.jsonl"
    third = an_entry("d", run="3")
    file.write_bytes(b"".join(each + b"\n" for each in (a_line(FIRST), line, a_line(third))))

    index = read_index(file)

    assert (index.get(FIRST.key), index.get(SECOND.key), index.get(third.key)) == (FIRST, None, third)
    assert [entry.run for entry in index] == ["1", "3"]


def test_a_line_without_its_end_is_ignored_and_spoils_no_later_one(tmp_path: Path) -> None:
    file = tmp_path / "index.jsonl"
    file.write_bytes(a_line(FIRST) + b"\n" + a_line(SECOND))
    assert [entry.run for entry in read_index(file)] == ["1"]

    append(file, [an_entry("d", run="3")])

    assert [entry.run for entry in read_index(file)] == ["1", "2", "3"]


def test_an_older_result_counts_where_a_newer_line_of_its_key_is_of_a_newer_schema() -> None:
    index = StoredIndex([a_line(FIRST), a_line(an_entry("a", run="9")).replace(b'"schema":1', b'"schema":7')])

    assert index.get(FIRST.key) == FIRST


@given(st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_no_argument_of_a_step_can_pose_as_an_entry(argument: object) -> None:
    hostile = {"key": SECOND.key, "outputs": {}, "pipeline": "p", "run": "evil", "schema": 1, "step": "load", "x": argument}
    entry = an_entry("a", facts=hostile)

    index = StoredIndex([a_line(entry)])

    assert index.get(SECOND.key) is None
    assert index.get(entry.key) in (entry, None)


@given(st.binary())
def test_any_bytes_are_an_index(data: bytes) -> None:
    index = StoredIndex([*data.split(b"\n"), a_line(FIRST)])

    assert index.get(FIRST.key) == FIRST


def test_a_place_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "index.jsonl").mkdir()

    with pytest.raises(StoreError, match="cannot read the index of results"):
        read_index(tmp_path / "index.jsonl")
    with pytest.raises(StoreError, match="cannot write the index of results"):
        append(tmp_path / "index.jsonl", [FIRST])


def test_compacted_lines_are_the_last_of_each_key_and_step_and_so_many_of_each_step() -> None:
    entries = [an_entry("a"), an_entry("b"), an_entry("a", run="2"), an_entry("c"), an_entry("a", "other")]
    lines = [b"damaged", *map(a_line, entries)]

    assert compacted(lines, most=9) == [a_line(entries[1]), a_line(entries[2]), a_line(entries[3]), a_line(entries[4])]
    assert compacted(lines, most=1) == [a_line(entries[3]), a_line(entries[4])]


def test_compacting_drops_results_that_are_lost(tmp_path: Path) -> None:
    file = tmp_path / "index.jsonl"
    append(file, [FIRST, SECOND])

    compact(file, most=5, is_lost=lambda entry: entry.run == "1")

    assert read_lines(file) == [a_line(SECOND)]


def test_an_index_is_compacted_once_most_of_many_lines_do_not_count() -> None:
    line, others = a_line(FIRST), [a_line(an_entry("a", f"s{number}")) for number in range(600)]

    assert not StoredIndex([line] * 1000).is_due(most=20)
    assert StoredIndex([line] * 1003).is_due(most=20)
    assert not StoredIndex([line] * 1003 + others).is_due(most=20)
