"""A pipeline of four steps, and runs of it as events and records: for everything that shows a run."""

from __future__ import annotations

from orch.model.artifacts import Artifact
from orch.model.events import Event, RunEnded, RunStarted, StepEnded, StepOutput, StepStarted
from orch.model.graph import Graph, Output, OutputRef, Step
from orch.model.records import Failure, StepRecord
from orch.model.runs import RunInfo, RunRecord, fold
from orch.model.states import State

HOSTILE = "\x1b[2J\x1b]0;title\x07\u202e[bold]##[add-mask]x\nsecond line"


def artifact(preview: str = "", *, digit: str = "a", materializer: str = "json") -> Artifact:
    return Artifact(f"sha256:{digit * 64}", 12, materializer, "builtins.int", preview=preview)


def graph() -> Graph:
    """load -> train -> report, and load -> check, whose output nobody reads."""
    data = ("data", OutputRef("load", "result"))
    return Graph(
        "churn",
        "pipeline.py:churn",
        (
            Step("load", "pipeline.py:load", outputs=(Output("result"),)),
            Step("train", "pipeline.py:train", (data,), (Output("model"), Output("accuracy"))),
            Step("check", "pipeline.py:check", (data,), (Output("result"),)),
            Step("report", "pipeline.py:report", (("model", OutputRef("train", "model")),), (Output("result"),)),
        ),
    )


def chain(length: int) -> Graph:
    """Steps s000, s001, ... that do not need each other."""
    return Graph("wide", "pipeline.py:wide", tuple(Step(f"s{number:03}", "pipeline.py:s") for number in range(length)))


def info(run: str = "20260102-030405-abcdef", *, attempt: int = 1, started: str = "2026-01-02T03:04:05.000Z") -> RunInfo:
    return RunInfo(run, "churn", "local", attempt, started, {"rows": 5, "name": "a\x1bb"}, source="pipeline.py:churn")


def ended(step: str, state: State = State.SUCCEEDED, duration: float = 0.25, **more: object) -> StepRecord:
    return StepRecord(step, state, started="2026-01-02T03:04:05.100Z", duration=duration, **more)  # type: ignore[arg-type]


def success() -> list[Event]:
    records = [
        ended("load", outputs={"result": artifact("[0, 1, 2]")}),
        ended("train", outputs={"model": artifact("Model()", digit="b"), "accuracy": artifact("0.93", digit="c")}, duration=12.345),
        ended("check", outputs={"result": artifact(HOSTILE, digit="d")}),
        ended("report", outputs={"result": artifact("report.html, 12 bytes", digit="e", materializer="path")}, duration=125),
    ]
    return [
        RunStarted(info(), graph()),
        StepStarted("load"),
        StepOutput("load", "reading\n 10%\r100%\n"),
        StepEnded(records[0]),
        StepStarted("train", 2),
        StepStarted("check"),
        StepOutput("check", f"{HOSTILE}\n"),
        *(StepEnded(record) for record in records[1:]),
        RunEnded(fold(info(), graph(), records, ended="2026-01-02T03:06:30.000Z", duration=145.0)),
    ]


def failure() -> list[Event]:
    why = Failure(
        "exception",
        "no such column: 'a\x1b'",
        "KeyError",
        'Traceback (most recent call last):\n  File "pipeline.py", line 7, in train\n    rows["a"]\nKeyError: \x1b\n',
        "pipeline.py",
        7,
    )
    records = [
        ended("load", outputs={"result": artifact("[0, 1, 2]")}),
        ended("train", State.FAILED, failure=why),
        ended("check", State.CANCELLED, reason="interrupted"),
        StepRecord("report", State.SKIPPED, reason="train failed"),
    ]
    return [
        RunStarted(info(), graph()),
        *(event for record in records[:3] for event in (StepStarted(record.step), StepEnded(record))),
        StepEnded(records[3]),
        RunEnded(fold(info(), graph(), records, duration=1.5)),
    ]


def record_of(events: list[Event]) -> RunRecord:
    last = events[-1]
    assert isinstance(last, RunEnded)
    return last.record
