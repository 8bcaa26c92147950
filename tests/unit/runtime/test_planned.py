from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orch.errors import RecordError
from orch.model import canonical
from orch.model.artifacts import Artifact
from orch.model.facts import Facts
from orch.model.index import Entry, Kept
from orch.model.plan import Action, Cause, Decision
from orch.runtime.planned import PLAN_FILE, Planned, sources_of

ENTRY = Entry(
    f"sha256:{'1' * 64}",
    "p",
    "a",
    "5",
    "2027-01-01T00:00:00Z",
    {"python": "3.12"},
    {"output": Artifact(f"sha256:{'a' * 64}", 1, "json")},
    attempt=1,
    artifacts=(Kept(7, "orch-p-a-a1", "2027-02-01T00:00:00Z"),),
)
PLANNED = Planned(
    2,
    "2027-01-01T00:00:00+01:00",
    {"a": Facts("c", "p", "", "", {"data.csv": "sha256:x"}, reads_logical_date=True)},
    (ENTRY,),
    {
        "a": Decision("a", Action.CACHED, Cause.HIT, "as in run 5", ENTRY.key, {"x": 1}, ENTRY),
        "b": Decision("b", Action.MAYBE, Cause.UPSTREAM, "a must run first"),
    },
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    PLANNED.write(tmp_path)

    assert Planned.read(tmp_path) == PLANNED
    assert PLANNED.cached == {"a": ENTRY}


def test_of_several_attempts_the_last_counts(tmp_path: Path) -> None:
    for attempt in (10, 9, 1):
        Planned(attempt).write(tmp_path / f"orch-p-orch-plan-a{attempt}")

    assert Planned.read(tmp_path) == Planned(10)
    assert Planned.read(tmp_path / "nowhere") is None


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"[" * 100_000, b'{"attempt":"1","logical_date":"","facts":{},"decisions":{}}'])
def test_what_is_damaged_is_an_error(tmp_path: Path, text: bytes) -> None:
    PLANNED.write(tmp_path)
    (tmp_path / PLAN_FILE).write_bytes(text)

    with pytest.raises(RecordError, match="is damaged"):
        Planned.read(tmp_path)


def test_a_plan_without_its_index_is_damaged(tmp_path: Path) -> None:
    PLANNED.write(tmp_path)
    (tmp_path / "index.jsonl").write_bytes(b"nonsense\n")

    with pytest.raises(RecordError, match="is damaged"):
        Planned.read(tmp_path)


def test_sources_are_references_and_short() -> None:
    said = sources_of({"a": ENTRY, "no_outputs": Entry(ENTRY.key, "p", "no_outputs", "5", "")})

    assert said == {"a": {"run": "5", "artifacts": [7], "check": said["a"]["check"]}}
    assert len(said["a"]["check"]) == 32


def test_of_many_cached_steps_the_plans_artifact_tells_where_their_outputs_lie() -> None:
    taken = {f"a_step_of_many_{number}": replace(ENTRY, step=f"a_step_of_many_{number}") for number in range(500)}

    said = sources_of(taken)

    assert said == {name: {"plan": True} for name in taken}
    assert len(canonical.dumps(said)) < 30_000
