"""What a hostile record has a terminal do: nothing but show text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from support.hostile import VALUES, documents, uncontrolled

from orch.cli.display.ending import ending, heading
from orch.cli.display.json_lines import json_line
from orch.cli.text import log_line, one_line, printable
from orch.errors import RecordError
from orch.model.runs import RunRecord

GOLDEN: Final = Path(__file__).parents[2] / "golden/schemas/v1/record"
RUN: Final[dict[str, Any]] = json.loads((GOLDEN / "run-started.json").read_bytes()) | {"state": "failed"}
STEPS: Final = [json.loads((GOLDEN / f"step-{end}.json").read_bytes()) for end in ("failed", "succeeded", "skipped")]


def test_whatever_a_record_holds_a_run_is_shown_as_text(tmp_path: Path) -> None:
    shown = 0
    for name, document in [*documents(RUN), *((name, RUN | {"steps": [step]}) for whole in STEPS for name, step in documents(whole))]:
        try:
            record = RunRecord.from_json(document)
        except RecordError:
            continue
        lines = [heading(record.info, steps=len(record.steps)), *ending(record, tmp_path, colour=True)]
        assert not uncontrolled("\n".join(lines)), name
        assert "\n" not in lines[0], name
        assert not uncontrolled(json_line(record.to_json())), name
        shown += 1
    assert shown


def test_every_value_is_shown_as_text_in_every_form() -> None:
    for value in VALUES:
        for colour in (False, True):
            assert not uncontrolled(log_line(value.replace("\n", ""), colour=colour))
        assert not uncontrolled(printable(value))
        assert not {"\n", "\t"} & set(one_line(value))
        assert not uncontrolled(one_line(value))
        assert "##[" not in json_line({value: [value]})
        assert json.loads(json_line({value: [value]})) == {value: [value]}
