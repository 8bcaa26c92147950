"""What the job of a list tells of its items is what a cache key says of them, and never a secret."""

from __future__ import annotations

import json
from pathlib import Path

from orch.materializers import documents
from orch.materializers.choose import save
from orch.model.artifacts import Artifact
from orch.planning.key import member_document
from orch.runtime.members import MOST, with_members
from orch.runtime.redact import Redactor
from orch.stores.local import LocalStore

NOBODY = Redactor([])


def told(value: object, folder: Path, redact: Redactor = NOBODY, asked: str = "xs") -> tuple[Artifact, LocalStore]:
    store = LocalStore(folder)
    saved = save(value, store)
    return with_members({"xs": saved}, {asked}, store, redact)["xs"], store


def test_each_item_is_told_as_a_laptop_has_it_in_its_keys(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_text("a,b")
    value = [5, 1.0, True, "x" * 300, {"a": [1]}, (1, 2), file]
    artifact, store = told(value, tmp_path / "store")
    last = documents.Last()
    items = last.members(artifact, store)

    assert [json.loads(each) for each in artifact.members] == [
        member_document(item, documents.as_alone(last.meta(artifact, index), index)) for index, item in enumerate(items)
    ]
    assert artifact.members[0] == '{"value":5}'
    assert len(artifact.members) == len(value)


def test_only_lists_that_somebody_maps_over_tell_of_their_items(tmp_path: Path) -> None:
    assert told([1], tmp_path, asked="ys")[0].members == ()
    assert told({"a": 1}, tmp_path)[0].members == ()
    assert told("text", tmp_path)[0].members == ()


def test_of_a_very_long_list_nothing_is_told(tmp_path: Path) -> None:
    assert told(["x" * 100] * (MOST // 100), tmp_path)[0].members == ()


def test_a_secret_is_told_by_its_digest(tmp_path: Path) -> None:
    artifact, _ = told(["open", "the-secret-1", ["a", "the-secret-1"]], tmp_path, Redactor(["the-secret-1"]))

    assert artifact.members[0] == '{"value":"open"}'
    assert "secret" not in "".join(artifact.members)
    assert len(set(artifact.members)) == 3
