"""A record with a field of another type is refused where it is read, not where it is shown."""

from __future__ import annotations

import pytest
from support import runs

from orch.errors import RecordError
from orch.model.events import Event
from orch.model.runs import RunRecord


@pytest.mark.parametrize("events", [runs.success(), runs.failure()])
def test_what_was_written_is_read_back(events: list[Event]) -> None:
    record = runs.record_of(events)

    assert RunRecord.from_json(record.to_json()) == record


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"run": 3}, "run is 3, expected str"),
        ({"attempt": True}, "attempt is True, expected int"),
        ({"duration": "1"}, "duration is '1', expected float"),
        ({"parameters": []}, "parameters is []"),
        (
            {"steps": [{"schema": 1, "kind": "step", "id": None, "state": "failed", "attempt": 1, "outputs": {}}]},
            "step is None, expected str",
        ),
    ],
)
def test_a_field_of_another_type_is_named(damage: dict[str, object], message: str) -> None:
    with pytest.raises(RecordError) as caught:
        RunRecord.from_json(runs.record_of(runs.success()).to_json() | damage)

    assert message in caught.value.message


def test_a_damaged_artifact_inside_a_step_is_found() -> None:
    data = runs.record_of(runs.success()).to_json()
    data["steps"][0]["outputs"]["result"]["digest"] = 5

    with pytest.raises(RecordError, match="digest is 5, expected str"):
        RunRecord.from_json(data)
