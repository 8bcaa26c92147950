"""What a job that looks for an earlier result knows of its inputs: a list is known when each of its legs is, whoever made it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.steps import a_graph, a_step

from orch.errors import MapError
from orch.model import canonical
from orch.model.artifacts import Artifact
from orch.model.fans import Fan
from orch.model.gathered import gather
from orch.model.index import Entry
from orch.model.plan import Action, Cause, Decision
from orch.model.records import StepRecord
from orch.model.states import State
from orch.runtime.known_outputs import made_so_far, outputs_read
from orch.runtime.planned import Planned

TRAIN = replace(a_step("train", ["load"]), fan=Fan(("x0",)))
GRAPH = a_graph(a_step("load"), TRAIN, a_step("total", ["train", "load"]))
TABLES = {"train": {"items": 2, "sizes": [2], "each": 1, "jobs": "[1]"}}


def made(text: str) -> dict[str, Artifact]:
    return {"output": Artifact(f"sha256:{text * 64}", 1, "json")}


def test_a_list_is_what_earlier_runs_and_jobs_of_this_one_have_made(tmp_path: Path) -> None:
    record = StepRecord("train.1", State.SUCCEEDED, outputs=made("1"))
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "train.1.json").write_text(canonical.pretty(record.to_json()))
    legs = (Decision("train.0", Action.CACHED, Cause.HIT, entry=Entry("k", "p", "train.7", "5", "", outputs=made("0"))),)
    planned = Planned(1, decisions={"train": Decision("train", Action.RUN, Cause.FIRST, legs=legs)})

    known = outputs_read(GRAPH, GRAPH["total"], made_so_far(planned, tmp_path), TABLES)

    assert known == {
        "train.0.output": made("0")["output"],
        "train.1.output": made("1")["output"],
        "train.output": gather([made("0")["output"], made("1")["output"]]),
    }


def test_a_list_of_which_a_leg_is_absent_is_not_known() -> None:
    assert outputs_read(GRAPH, GRAPH["total"], {"load": made("2"), "train.1": made("1")}, TABLES) == {
        "load.output": made("2")["output"],
        "train.1.output": made("1")["output"],
    }


def test_legs_that_nobody_has_counted_are_an_error() -> None:
    with pytest.raises(MapError, match="nobody has told how many legs"):
        outputs_read(GRAPH, GRAPH["total"], {}, {})
