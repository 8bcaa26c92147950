"""Documents by another hand: whatever stands in them, they are read, or refused by an error of ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from support.hostile import documents

from orch.errors import OrchError
from orch.model import canonical
from orch.model.graph import Graph
from orch.model.index import Entry
from orch.model.parameters import resolve
from orch.model.records import StepRecord
from orch.model.runs import RunRecord

GOLDEN: Final = Path(__file__).parents[2] / "golden/schemas/v1"


def of_all(document: Any, read: Callable[[Any], Any]) -> Iterator[tuple[str, Any]]:
    """What each hostile variant of `document` is read as, of those that are not refused."""
    for name, each in documents(document):
        try:
            made = read(each)
        except OrchError:
            continue
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not refused as it should be
            pytest.fail(f"{name}: {type(error).__name__}: {error}")
        yield name, made


@pytest.mark.parametrize(
    ("file", "read"),
    [
        ("record/run-started.json", RunRecord.from_json),
        ("record/step-succeeded.json", StepRecord.from_json),
        ("record/step-failed.json", StepRecord.from_json),
        ("cache-entry/entry.json", Entry.from_json),
    ],
)
def test_a_hostile_record_is_refused_or_can_be_written_again(file: str, read: Callable[[Any], Any]) -> None:
    names = [name for name, record in of_all(json.loads((GOLDEN / file).read_bytes()), read) if canonical.dumps(record.to_json())]

    assert names


def test_a_hostile_graph_is_refused_or_has_defaults_and_a_project_inside() -> None:
    graph = json.loads((GOLDEN / "graph/everything.json").read_bytes())
    graph["steps"] = graph["steps"][:3]

    for name, each in of_all(graph, Graph.from_json):
        resolve(tuple(parameter for parameter in each.parameters if not parameter.required), {})
        assert not {"..", ""} & set(each.project.split("/")), name
