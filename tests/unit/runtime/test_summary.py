from __future__ import annotations

import dataclasses
import json
import re
import shlex

import pytest

from orch.model import values
from orch.model.artifacts import Artifact
from orch.model.graph import Graph, Output, OutputRef, Step
from orch.model.parameters import Kind, ParameterType
from orch.model.records import Failure, StepRecord
from orch.model.runs import RunInfo, RunRecord
from orch.model.states import State, fold_states
from orch.runtime.summary import LIMIT, duration, escape, fenced, render, step_summary

GRAPH = Graph(
    pipeline="churn",
    source="pipelines/churn.py:churn",
    steps=(
        Step("load", "churn.py:load", outputs=(Output("output"),)),
        Step("train", "churn.py:train", (("df", OutputRef("load", "output")),), (Output("output"),)),
    ),
)


def loaded(preview: str = "120 rows") -> StepRecord:
    artifact = Artifact("sha256:" + "0" * 64, 10, "json", preview=preview)
    return StepRecord("load", State.SUCCEEDED, started="2026-01-31T12:00:00.000Z", duration=1.5, outputs={"output": artifact})


def failed(message: str = "no such column", traceback: str = "Traceback: ...") -> StepRecord:
    failure = Failure("exception", message, "KeyError", traceback, "churn.py", 12)
    return StepRecord("train", State.FAILED, started="2026-01-31T12:00:02.000Z", duration=0.25, failure=failure)


def run_of(*steps: StepRecord, parameters: dict[str, object] | None = None) -> RunRecord:
    info = RunInfo("77", "churn", "github", parameters=parameters or {}, trigger="push")
    return RunRecord(info, fold_states([step.state for step in steps]), steps, duration=65.0)


def test_shows_the_graph_with_states_the_steps_and_their_outputs() -> None:
    text = render(run_of(loaded(), failed()), GRAPH)

    assert "churn: failed" in text
    assert "```mermaid\nflowchart" in text
    assert "load<br/>succeeded" in text
    assert re.search(r"\| load \| .* succeeded \| 1.50 s \| output: <code>120 rows</code> \|", text)


def test_shows_a_failure_with_its_place_and_traceback() -> None:
    text = render(run_of(loaded(), failed()), GRAPH)

    assert "### train failed at <code>churn&#46;py&#58;12</code>" in text
    assert "no such column" in text
    assert "```text\nTraceback: ...\n```" in text


def test_a_command_gives_back_the_very_value_of_a_parameter() -> None:
    given = {"options": {"z": [1, None], "a": "é b"}, "limit": float("inf"), "text": "1e3", "none": None, "flag": True}
    types = {"options": Kind.JSON, "limit": Kind.FLOAT, "text": Kind.STR, "none": Kind.STR, "flag": Kind.BOOL}
    encoded = {name: values.encode(value) for name, value in given.items()}

    text = render(run_of(loaded(), parameters=encoded), GRAPH)

    command = next(line for line in text.split("\n") if line.startswith("orch run "))
    typed = dict(word.split("=", 1) for word in shlex.split(command) if "=" in word)
    assert {name: ParameterType(types[name], name == "none").parse(typed[name]) for name in given} == given
    assert list(json.loads(typed["options"])) == ["z", "a"]


def test_ends_with_commands_that_give_the_parameters_as_the_shell_reads_them() -> None:
    text = render(run_of(loaded(), failed(), parameters={"name": "a b", "rows": 10}), GRAPH)

    assert "orch act pipelines/churn.py:churn --set 'name=a b' --set rows=10 --job train" in text


@pytest.mark.parametrize(
    "hostile",
    [
        "a | b",
        "</code></td></table><script>alert(1)</script>",
        "![x](https://example.org/x.png)",
        "`code` **bold** [link](https://example.org)",
        "line\n| forged | succeeded | 1 s | row |",
        "line\n\n# heading",
        "<!-- ",
        "@someone #1",
        "__bold__ www.example.org",
    ],
)
def test_a_preview_cannot_leave_its_cell(hostile: str) -> None:
    row = next(line for line in render(run_of(loaded(hostile)), GRAPH).split("\n") if line.startswith("| load"))

    assert row.count("|") == 5
    shown = row.partition("<code>")[2].partition("</code>")[0]
    assert not re.search(r"[<>|`*_\[\]!@:.\\]", shown)


def test_a_preview_of_several_lines_stands_whole_in_a_block() -> None:
    text = render(run_of(loaded("a  b\n1  2\n</details>")), GRAPH)

    assert "<details><summary>load.output</summary>\n\n```text\na  b\n1  2\n</details>\n```\n" in text


@pytest.mark.parametrize("content", ["```", "````\n```", "~~~", "x\n`````\n# heading"])
def test_a_block_cannot_be_closed_by_its_content(content: str) -> None:
    text = fenced(content, "text")

    fence = text.partition("text\n")[0]
    assert set(fence) == {"`"}
    assert len(fence) >= 3
    assert fence not in content


def test_characters_that_a_reader_does_not_see_are_written_out() -> None:
    assert fenced("a\u202eb\x1b[2Kc", "text") == "```text\na\\u202eb\\x1b[2Kc\n```\n"
    assert escape("a\u202eb") == "a&#92;u202eb"


def test_a_summary_that_is_too_long_says_how_much_it_leaves_out() -> None:
    steps = [failed(traceback="x" * 15_000) for _ in range(100)]

    text = render(run_of(loaded(), *steps), GRAPH)

    assert len(text.encode()) <= LIMIT
    assert re.search(r"\d+ more parts of this summary do not fit", text)


def test_one_step_has_a_summary_of_its_own() -> None:
    assert "no such column" in step_summary("churn", failed())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, ""), (0.5, "0.50 s"), (12.4, "12 s"), (65.0, "1 min 5 s"), (3_725.0, "1 h 2 min")],
)
def test_durations_are_as_long_as_they_matter(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_failed_hook_is_shown_beside_its_step_which_stays_what_it_is() -> None:
    hook = Failure("exception", "no <b>network</b>", "RuntimeError", "Traceback: hook", "hooks.py", 3)
    text = step_summary("churn", dataclasses.replace(loaded(), hook=hook))

    assert "✅ succeeded" in text
    assert "### load: a hook failed at <code>hooks&#46;py&#58;3</code>" in text
    assert "no &#60;b&#62;network" in text
    assert "```text\nTraceback: hook\n```" in text


def test_what_a_step_logged_is_shown_as_data_and_the_rest_is_counted() -> None:
    logged = {"val|loss": {"$float": "nan"}, "when": {"$date": "2026-03-29"}, "by": "<img src=x>"} | {f"x{i}": i for i in range(20)}
    text = step_summary("churn", dataclasses.replace(loaded(), metadata=logged))

    assert "val&#124;loss = <code>nan</code><br>when = <code>2026-03-29</code><br>by = <code>&#60;img src=x&#62;</code>" in text
    assert "x16 = <code>16</code><br>and 3 more |" in text
