from __future__ import annotations

import pytest
from support.steps import a_graph, a_step

from orch.model.records import StepRecord
from orch.model.runs import RunInfo
from orch.model.settings import StepSettings
from orch.model.states import State
from orch.runtime.gates import told_of_gates
from orch.runtime.result import fold_run

GRAPH = a_graph(a_step("build"), a_step("deploy", ["build"], settings=StepSettings(deploys_to="production")), a_step("after", ["deploy"]))
BUILT = StepRecord("build", State.SUCCEEDED)


@pytest.mark.parametrize(
    ("gate", "reason"),
    [
        ("failure", "nobody let it deploy to 'production': that was refused, or asked for too long"),
        ("skipped", "nobody was asked for 'production': what another step that deploys there waits for failed"),
        ("cancelled", "it did not report"),
    ],
)
def test_a_step_that_did_not_start_says_what_its_gate_did(gate: str, reason: str) -> None:
    results = {"build": "success", "environment-production": gate, "deploy": "skipped", "after": "skipped"}
    record = told_of_gates(fold_run(RunInfo("1", "p", "github"), GRAPH, [BUILT], results, ended=0), GRAPH, results)

    assert [(step.step, step.state) for step in record.steps] == [
        ("build", State.SUCCEEDED),
        ("deploy", State.CANCELLED),
        ("after", State.SKIPPED),
    ]
    assert record.steps[1].reason == reason


def test_a_gate_that_a_parameter_chooses_is_told_by_that() -> None:
    graph = a_graph(a_step("deploy", settings=StepSettings(deploys_by="where")))
    results = {"chosen-environment-where": "failure", "deploy": "skipped"}
    record = told_of_gates(fold_run(RunInfo("1", "p", "github"), graph, [], results, ended=0), graph, results)

    assert record.steps[0].reason == "nobody let it deploy to what 'where' says: that was refused, or asked for too long"


def test_a_step_that_ran_keeps_what_it_said() -> None:
    ran = StepRecord("deploy", State.FAILED, reason="")
    results = {"build": "success", "environment-production": "success", "deploy": "failure"}
    record = fold_run(RunInfo("1", "p", "github"), GRAPH, [BUILT, ran], results, ended=0)

    assert told_of_gates(record, GRAPH, results) == record
