"""What a step's job tells of its outputs, and which output of an `either` it reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.steps import a_step

from orch.errors import InputMissingError
from orch.model.artifacts import Artifact
from orch.model.bindings import OutputRef, ParameterRef, Value
from orch.model.conditions import And, Compare, Not, when_to_json
from orch.model.records import StepRecord
from orch.model.states import State
from orch.model.steps import Choice, Step
from orch.runtime.asked import asked_of, choose, flags_text, parameters_of, to_order

GOOD = Compare(OutputRef("train", "accuracy"), ">", ParameterRef("limit"))
OTHER = Compare(OutputRef("load", "output"), "==", Value("x"))
ASKED = asked_of("train", [when_to_json(And((GOOD, Not(OTHER)))), when_to_json(Not(GOOD))])
JOIN = Step("join", "p.py:join", (("x", Choice((OutputRef("one", "output"), OutputRef("two", "output")))),))


def test_a_job_is_asked_what_conditions_compare_of_its_step_and_once() -> None:
    assert ASKED == (GOOD,)
    assert asked_of("apart", [when_to_json(GOOD)]) == ()
    assert parameters_of(ASKED) == ("limit",)
    assert to_order(ASKED, {"limit": 0.9}) == [when_to_json(Compare(GOOD.left, ">", Value(0.9)))]


def test_flags_have_the_names_that_the_workflow_asks_for() -> None:
    record = StepRecord("train", State.SUCCEEDED, outputs={"accuracy": Artifact("sha256:0", 1, "json")}, flags={"accuracy > 0.9": True})

    assert json.loads(flags_text(ASKED, {"limit": 0.9}, record)) == {"accuracy > parameters.limit": True}
    assert flags_text(ASKED, {"limit": 0.9}, StepRecord("train", State.FAILED)) == ""
    assert flags_text((), {}, record) == ""


@pytest.mark.parametrize(
    ("ran", "taken"),
    [("one=success two=success", "one"), ("one=skipped two=success", "two"), ("one=success two=skipped", "one")],
)
def test_the_first_that_ran_is_taken_whatever_artifacts_there_are(tmp_path: Path, ran: str, taken: str) -> None:
    assert choose(JOIN, tmp_path, {"ORCH_RAN": ran}).producers == (taken,)


@pytest.mark.parametrize("ran", ["one=skipped two=skipped", "one=failure two=cancelled", ""])
def test_where_none_ran_the_step_never_does(tmp_path: Path, ran: str) -> None:
    with pytest.raises(InputMissingError, match="none of 'one', 'two' ran"):
        choose(JOIN, tmp_path, {"ORCH_RAN": ran})


def test_a_step_that_chooses_nothing_is_left_alone(tmp_path: Path) -> None:
    step = a_step("a", ["b"])

    assert choose(step, tmp_path, {}) is step
