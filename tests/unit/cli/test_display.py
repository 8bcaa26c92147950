"""What a run looks like: as lines, as JSON, on a runner; and that nothing a step wrote acts on who reads it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support import runs

from orch.cli.display import show
from orch.cli.display.ending import ending
from orch.cli.display.json_lines import JsonLines
from orch.cli.display.plain import Plain
from orch.model.events import Event, RunEnded, StepOutput
from orch.model.records import Failure
from orch.model.runs import RunRecord
from orch.model.states import State

GOLDEN = Path(__file__).parents[2] / "golden" / "cli"


def plain(events: list[Event], folder: Path) -> str:
    stream = io.StringIO()
    display = Plain(stream, folder)
    for event in events:
        display(event)
    display.close()
    return stream.getvalue()


def export(folder: Path, step: str, output: str, *names: str) -> Path:
    exported = folder / runs.info().run / "outputs" / step / output
    exported.mkdir(parents=True)
    for name in names:
        (exported / name).touch()
    return exported


# --- plain lines ---


def test_a_run_that_succeeds_as_plain_lines(tmp_path: Path, golden: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    export(tmp_path / ".orch/runs", "report", "result", "report.html")

    golden(GOLDEN / "succeeded.txt", plain(runs.success(), tmp_path / ".orch/runs"))


def test_a_run_that_fails_as_plain_lines(tmp_path: Path, golden: Callable[[Path, str], None]) -> None:
    golden(GOLDEN / "failed.txt", plain(runs.failure(), tmp_path))


@pytest.mark.parametrize("events", [runs.success(), runs.failure()])
def test_no_control_character_of_a_step_reaches_a_stream_without_colours(events: list[Event], tmp_path: Path) -> None:
    text = plain(events, tmp_path)

    assert text.replace("\n", "").isprintable()


def test_a_reader_that_leaves_does_not_end_the_run(tmp_path: Path) -> None:
    class Left(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    display = Plain(Left(), tmp_path)
    for event in runs.success():
        display(event)


# --- the end of a run ---


def test_only_outputs_that_no_step_reads_are_listed_where_the_graph_is_known(tmp_path: Path) -> None:
    record = runs.record_of(runs.success())

    known, unknown = ending(record, tmp_path, graph=runs.graph()), ending(record, tmp_path)

    assert not [line for line in known if line.startswith(("load.result", "train.model"))]
    assert "load.result     [0, 1, 2]  sha256:aaaaaaaaaaaa" in unknown


def test_an_output_of_several_files_is_shown_as_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    export(tmp_path, "report", "result", "a", "b")
    record = runs.record_of(runs.success())
    lines = ending(record, tmp_path / record.info.run)

    assert f"report.result   {record.info.run}/outputs/report/result  sha256:eeeeeeeeeeee" in lines


def test_an_output_whose_bytes_say_nothing_about_its_value_is_shown_as_not_comparable(tmp_path: Path) -> None:
    record = runs.record_of(runs.success())
    pickled = replace(runs.artifact("Model()", materializer="pickle"), comparable=False)
    steps = tuple(replace(step, outputs=dict.fromkeys(step.outputs, pickled)) for step in record.steps)

    assert "load.result     Model()  stored as pickle, not comparable" in ending(replace(record, steps=steps), tmp_path)


def test_outputs_that_are_pickles_or_hold_some_are_named(tmp_path: Path) -> None:
    record = runs.record_of(runs.success())
    first, *rest = record.steps
    holding = replace(runs.artifact(), meta={"pickles": ["$.model", "$.other[0]"]})
    outputs = {"model": runs.artifact(materializer="pickle"), "report": holding, "plain": runs.artifact()}

    lines = ending(replace(record, steps=(replace(first, outputs=outputs), *rest)), tmp_path)

    names = f"{first.step}.model, {first.step}.report (at $.model, $.other[0])"
    assert f"kept by pickle, which runs code when it is loaded: {names}" in lines
    assert not [line for line in ending(record, tmp_path) if "pickle" in line]


def test_the_last_line_says_how_the_run_ended(tmp_path: Path) -> None:
    assert ending(runs.record_of(runs.failure()), tmp_path)[-1] == "run 20260102-030405-abcdef failed in 1.50 s"


def with_more(**more: object) -> RunRecord:
    record = runs.record_of(runs.success())
    return replace(record, steps=(replace(record.steps[0], **more), *record.steps[1:]))  # type: ignore[arg-type]


def test_what_a_step_logged_is_listed_and_acts_on_nobody(tmp_path: Path) -> None:
    logged = {"rows": 3, "loss": {"$float": "nan"}, "by": runs.HOSTILE, "long": "x" * 1000}
    lines = ending(with_more(metadata=logged), tmp_path)

    assert "load.rows  3" in lines
    assert "load.loss  nan" in lines
    assert all(line.isprintable() and len(line) < 200 for line in lines)


def test_a_failed_hook_is_told_with_its_place_and_the_run_stays_what_it_is(tmp_path: Path) -> None:
    hook = Failure("exception", "no network\x1b", "RuntimeError", "Traceback\n  x\x1b\n", "hooks.py", 3)
    lines = ending(with_more(hook=hook), tmp_path)
    at = lines.index("load: a hook failed (hooks.py:3): RuntimeError: no network\\x1b")

    assert lines[at + 1 : at + 3] == ["  Traceback", "    x\\x1b"]
    assert "succeeded" in lines[-1]


def test_a_failure_names_the_command_that_shows_its_log(tmp_path: Path) -> None:
    assert "  help: orch runs logs 20260102-030405-abcdef --step train" in ending(runs.record_of(runs.failure()), tmp_path)


# --- JSON lines ---


class Collector:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.closed = 0

    def __call__(self, event: Event, /) -> None:
        self.events.append(event)

    def close(self) -> None:
        self.closed += 1


def json_lines(events: list[Event]) -> tuple[list[dict[str, object]], Collector]:
    stream, people = io.StringIO(), Collector()
    display = JsonLines(stream, people)
    for event in events:
        display(event)
    display.close()
    assert stream.getvalue().isascii()
    return [json.loads(line) for line in stream.getvalue().splitlines()], people


@pytest.mark.parametrize("events", [runs.success(), runs.failure()])
def test_the_last_line_of_json_is_the_runs_record(events: list[Event]) -> None:
    lines, _ = json_lines(events)

    assert RunRecord.from_json(lines[-1]) == runs.record_of(events)


def test_each_event_but_the_steps_own_lines_is_a_line_of_json() -> None:
    events = runs.success()
    lines, people = json_lines(events)

    assert [line.get("event", line.get("kind")) for line in lines] == [
        "run-started",
        "step-started",
        "step-ended",
        "step-started",
        "step-started",
        *["step-ended"] * 3,
        "run",
    ]
    assert people.events == events
    assert next(event.text for event in people.events if isinstance(event, StepOutput)) == "reading\n 10%\r100%\n"


def test_a_run_that_broke_off_still_ends_with_a_record_of_what_ended() -> None:
    events = runs.success()[:5]
    lines, people = json_lines(events)
    record = RunRecord.from_json(lines[-1])

    assert record.state is State.CANCELLED
    assert [(step.step, step.state) for step in record.steps] == [
        ("load", State.SUCCEEDED),
        ("train", State.CANCELLED),
        ("check", State.CANCELLED),
        ("report", State.SKIPPED),
    ]
    assert isinstance(people.events[-1], RunEnded)
    assert people.closed == 1


def test_a_run_that_never_began_has_no_lines() -> None:
    assert json_lines([])[0] == []


# --- on a runner ---


def test_on_a_runner_steps_cannot_command_it_and_failures_become_annotations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with show(tmp_path) as display:
        for event in runs.failure():
            display(event)
    lines = capsys.readouterr().out.splitlines()

    token = lines[0].removeprefix("::stop-commands::")
    assert lines.index(f"::{token}::") == len(lines) - 2
    assert lines[-1] == "::error file=pipeline.py,line=7,title=train failed::KeyError: no such column: 'a\\x1b'"


def test_on_a_runner_a_failed_hook_becomes_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    hook = Failure("exception", "no network\n::error::x", "RuntimeError", file="hooks.py", line=3)
    with show(tmp_path) as display:
        for event in [*runs.success()[:-1], RunEnded(with_more(hook=hook))]:
            display(event)

    annotation = "::warning file=hooks.py,line=3,title=a hook of step load failed::RuntimeError: no network%0A::error::x"
    assert capsys.readouterr().out.splitlines()[-1] == annotation


def test_on_a_runner_json_stays_alone_on_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with show(tmp_path, json=True) as display:
        for event in runs.failure():
            display(event)
    out, err = capsys.readouterr()

    assert all(json.loads(line) for line in out.splitlines())
    assert err.startswith("::stop-commands::")


def test_without_a_terminal_lines_are_plain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with show(tmp_path) as display:
        for event in runs.success():
            display(event)

    assert capsys.readouterr().out == plain(runs.success(), tmp_path)
