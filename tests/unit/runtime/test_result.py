from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from orch.model import canonical
from orch.model.artifacts import Artifact
from orch.model.conditions import Compare
from orch.model.graph import Graph, Output, OutputRef, Step, Value
from orch.model.parameters import Kind, Parameter, ParameterType
from orch.model.records import Failure, StepRecord
from orch.model.runs import RunInfo, RunRecord
from orch.model.states import State
from orch.runtime.result import artifacts_of, fold_run, info_from, main, passed, read_reports

GRAPH = Graph(
    pipeline="churn",
    source="churn.py:churn",
    steps=(
        Step("load", "churn.py:load", outputs=(Output("output"),)),
        Step("train", "churn.py:train", (("df", OutputRef("load", "output")),), (Output("output"),)),
    ),
    parameters=(Parameter("rows", ParameterType(Kind.INT, text="int"), default=5),),
)
INFO = RunInfo("77", "churn", "github")
LOADED = StepRecord(
    "load",
    State.SUCCEEDED,
    started="2026-01-31T12:00:00.000Z",
    duration=1.0,
    outputs={"output": Artifact("sha256:" + "0" * 64, 10, "json")},
)
TRAINED = replace(LOADED, step="train", started="2026-01-31T12:00:10.000Z")
ENDED = 1769860820.0  # 2026-01-31T12:00:20Z


def folded(*records: StepRecord, info: RunInfo = INFO, **results: str) -> RunRecord:
    return fold_run(info, GRAPH, records, results, ended=ENDED)


def states(record: RunRecord) -> list[State]:
    return [step.state for step in record.steps]


def test_a_run_lasts_from_the_first_start_to_now() -> None:
    record = folded(LOADED, TRAINED, load="success", train="success")

    assert record.state is State.SUCCEEDED
    assert record.info.started == "2026-01-31T12:00:00.000Z"
    assert record.duration == 20.0
    assert record.ended == "2026-01-31T12:00:20.000Z"


def test_a_job_that_failed_without_a_record_is_a_failed_step() -> None:
    record = folded(LOADED, load="success", train="failure")

    assert states(record) == [State.SUCCEEDED, State.FAILED]
    failure = record.steps[1].failure
    assert failure
    assert "before the step could report" in failure.message


def test_what_stands_below_a_failed_job_was_skipped() -> None:
    record = folded(load="failure", train="skipped")

    assert states(record) == [State.FAILED, State.SKIPPED]
    assert record.steps[1].reason == "load failed"


def test_a_step_whose_outputs_did_not_get_out_has_failed() -> None:
    record = folded(LOADED, load="failure", train="skipped")

    assert states(record) == [State.FAILED, State.SKIPPED]
    assert record.steps[0].failure == Failure(
        "output", "the step succeeded, then its job ended as 'failure': its outputs may not have been uploaded"
    )
    assert record.steps[0].started == LOADED.started


def test_a_failure_that_a_step_reported_stands_however_its_job_ended() -> None:
    failed = StepRecord("load", State.FAILED, failure=Failure("exception", "no rows"))

    for result in ("failure", "cancelled", ""):
        assert folded(failed, load=result, train="skipped").steps[0] == failed


def test_the_newest_attempt_counts() -> None:
    first = StepRecord("load", State.FAILED, 1, failure=Failure("exception", "no"))

    record = folded(replace(LOADED, attempt=2), first, TRAINED, info=replace(INFO, attempt=2), load="success", train="success")

    assert states(record) == [State.SUCCEEDED, State.SUCCEEDED]


def test_a_record_of_an_earlier_attempt_does_not_speak_for_a_job_that_ended_otherwise() -> None:
    first = StepRecord("load", State.FAILED, 1, failure=Failure("exception", "no"))

    record = folded(first, info=replace(INFO, attempt=2), load="cancelled", train="skipped")

    assert states(record) == [State.CANCELLED, State.SKIPPED]


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ({"load": "success", "train": "success"}, True),
        ({"load": "success", "train": "success", "plan": "failure"}, False),
        ({"load": "success", "train": "success", "plan": "cancelled"}, False),
        ({"load": "success", "train": "success", "plan": "skipped"}, True),
    ],
)
def test_any_failed_or_cancelled_job_fails_the_run(results: dict[str, str], *, verdict: bool) -> None:
    record = fold_run(INFO, GRAPH, [LOADED, TRAINED], results, ended=ENDED)

    assert passed(record, results) is verdict


def test_the_environment_of_a_job_tells_the_run() -> None:
    env = {
        "GITHUB_RUN_ID": "77",
        "GITHUB_RUN_ATTEMPT": "2",
        "GITHUB_EVENT_NAME": "workflow_dispatch",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_SHA": "abc",
        "GITHUB_ACTOR": "me",
        "ORCH_INPUTS": '{"rows": "7"}',
    }

    info = info_from(env, GRAPH)

    assert info == RunInfo(
        "77",
        "churn",
        "github",
        attempt=2,
        parameters={"rows": 7},
        trigger="workflow_dispatch",
        source="churn.py:churn",
        commit="abc",
        actor="me",
        url="https://github.com/o/r/actions/runs/77",
    )


def test_without_inputs_the_parameters_are_the_defaults() -> None:
    assert info_from({"GITHUB_EVENT_NAME": "push", "ORCH_INPUTS": ""}, GRAPH).parameters == {"rows": 5}


def test_invalid_inputs_leave_the_record_without_parameters() -> None:
    assert info_from({"ORCH_INPUTS": '{"rows": "many"}'}, GRAPH).parameters == {}


class Job:
    """The folders of a result job."""

    def __init__(self, root: Path) -> None:
        self.records = root / "records"
        self.output = root / "run"
        self.summary = root / "summary.md"
        self.graph = root / "graph.json"
        self.graph.write_text(GRAPH.text())
        self.records.mkdir()
        self.printed = io.StringIO()

    def upload(self, record: StepRecord, *, single: bool = False) -> None:
        folder = self.records if single else self.records / f"orch-record-churn-{record.step}-a{record.attempt}"
        folder.mkdir(exist_ok=True)
        (folder / "record.json").write_text(canonical.pretty(record.to_json()))
        (folder / "log.txt").write_text(f"log of {record.step}\n")

    def run(self, **results: str) -> int:
        env = {
            "GITHUB_ACTIONS": "true",
            "ORCH_NEEDS": json.dumps({job: {"result": result, "outputs": {}} for job, result in results.items()}),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_RUN_ID": "77",
        }
        arguments = ["--graph", str(self.graph), "--records", str(self.records), "--output", str(self.output)]
        return main(arguments, env, stdout=self.printed, now=lambda: ENDED)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_writes_the_run_in_the_layout_of_every_run(job: Job) -> None:
    job.upload(LOADED)
    job.upload(TRAINED)

    assert job.run(load="success", train="success") == 0
    record = RunRecord.from_json(canonical.loads((job.output / "run.json").read_text()))
    assert record.state is State.SUCCEEDED
    assert sorted(path.name for path in job.output.iterdir()) == ["logs", "run.json"]
    assert (job.output / "logs" / "load.log").read_text() == "log of load\n"
    assert "churn: succeeded" in job.summary.read_text()


def test_takes_a_single_record_that_has_no_folder_of_its_own(job: Job) -> None:
    job.upload(LOADED, single=True)

    reports, problems = read_reports(job.records, GRAPH)

    assert [report.record.step for report in reports] == ["load"]
    assert problems == []


def test_fails_where_a_step_failed(job: Job) -> None:
    job.upload(replace(LOADED, state=State.FAILED, outputs={}, failure=Failure("exception", "no rows\n::error::forged")))

    assert job.run(load="failure", train="skipped") == 1
    assert "load: failed (no rows ::error::forged)\ntrain: skipped (load failed)\n" in job.printed.getvalue()


def test_a_message_that_looks_like_a_command_is_told_while_commands_are_stopped(job: Job) -> None:
    job.upload(replace(LOADED, state=State.FAILED, outputs={}, failure=Failure("exception", "x ##[add-mask]e")))

    job.run(load="failure", train="skipped")

    before, inside = job.printed.getvalue().split("::stop-commands::")
    token, told = inside.split("\n", 1)
    assert before == ""
    assert told.startswith("load: failed (x ##[add-mask]e)\n")
    assert told.endswith(f"churn: failed\n::{token}::\n")


def test_a_damaged_record_is_named_and_fails_the_run(job: Job) -> None:
    job.upload(LOADED)
    job.upload(TRAINED)
    (job.records / "orch-record-churn-train-a1" / "record.json").write_text("{")

    assert job.run(load="success", train="success") == 1
    assert "::error title=orch::orch-record-churn-train-a1/record.json: this step record is damaged" in job.printed.getvalue()


@pytest.mark.parametrize("step", ["../../x", "/etc/x", "a\0b", "x" * 300, "gone", ""])
def test_a_record_of_no_step_of_the_pipeline_is_told_and_writes_no_file(job: Job, step: str, tmp_path: Path) -> None:
    job.upload(LOADED)
    job.upload(TRAINED)
    record = job.records / "orch-record-churn-train-a1" / "record.json"
    record.write_text(json.dumps(json.loads(record.read_bytes()) | {"id": step}))
    before = set(tmp_path.rglob("*"))

    assert job.run(load="success", train="success") == 1

    assert "which is no step of this pipeline" in job.printed.getvalue()
    assert {path.name for path in set(tmp_path.rglob("*")) - before} - {job.output.name, job.summary.name} == {
        "logs",
        "run.json",
        "load.log",
    }


def test_a_log_that_is_a_link_is_no_log(job: Job, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of the runner")
    job.upload(LOADED)
    log = job.records / "orch-record-churn-load-a1" / "log.txt"
    log.unlink()
    log.symlink_to(tmp_path / "secret")

    job.run(load="success", train="skipped")

    assert list((job.output / "logs").iterdir()) == []


def test_a_start_that_is_no_moment_counts_for_nothing() -> None:
    record = folded(replace(LOADED, started="../x"), TRAINED, load="success", train="success")

    assert (record.info.started, record.duration) == ("2026-01-31T12:00:10.000Z", 10.0)


@pytest.mark.parametrize(
    ("flag", "state", "reason", "verdict"),
    [
        (True, State.CANCELLED, "it did not report", False),
        (False, State.SKIPPED, "load.rows > 5 is false", True),
        (None, State.CANCELLED, "it did not report", False),
    ],
)
def test_a_skipped_job_passes_only_where_a_condition_says_so(flag: bool | None, state: State, reason: str, *, verdict: bool) -> None:
    rows = Output("rows")
    load = Step("load", "pipeline.py:load", outputs=(rows,))
    graph = Graph("p", "pipeline.py:p", (load, Step("big", "pipeline.py:big", when=Compare(OutputRef("load", "rows"), ">", Value(5)))))
    told = {} if flag is None else {"rows > 5": flag}
    loaded = StepRecord("load", State.SUCCEEDED, outputs={"rows": Artifact("sha256:0", 1, "json")}, flags=told)

    record = fold_run(RunInfo("1", "p", "github"), graph, [loaded], {"load": "success", "big": "skipped"}, ended=0)

    assert (record.steps[1].state, record.steps[1].reason) == (state, reason)
    assert passed(record, {"load": "success", "big": "skipped"}) is verdict


def test_the_artifacts_of_a_run_are_named_by_job_and_attempt() -> None:
    again = replace(TRAINED, attempt=2)
    alone = replace(GRAPH, packs=())
    record = fold_run(replace(INFO, attempt=2), alone, [LOADED, again], {"load": "success", "train": "success"}, ended=ENDED)

    assert artifacts_of(record, alone) == {"load": "orch-churn-load-a1", "train": "orch-churn-train-a2"}
    assert artifacts_of(record, replace(GRAPH, packs=(("load", "train"),))) == {"load": "orch-churn-load-a1", "train": "orch-churn-load-a2"}


def test_a_plan_that_wants_no_step_is_the_reason_of_all_and_the_run_passes(tmp_path: Path) -> None:
    (tmp_path / "graph.json").write_text(GRAPH.text())
    plan = {"result": "success", "outputs": {"reason": "no file is changed of data/**"}}
    needs = {"orch-plan": plan, "load": {"result": "skipped"}, "train": {"result": "skipped"}}
    options = ["--graph", str(tmp_path / "graph.json"), "--records", str(tmp_path / "records"), "--output", str(tmp_path / "run")]

    assert main(options, {"ORCH_NEEDS": json.dumps(needs)}, stdout=io.StringIO(), now=lambda: ENDED) == 0

    record = RunRecord.from_json(json.loads((tmp_path / "run" / "run.json").read_text()))
    assert [(step.state, step.reason) for step in record.steps] == 2 * [(State.SKIPPED, "no file is changed of data/**")]
