"""A run is the fold of its steps' records."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.graphs import graphs
from support.runs import artifact, ended, info
from support.steps import a_graph, a_step

from orch.errors import RecordError
from orch.model import canonical
from orch.model.ends import Ends
from orch.model.graph import Graph, topological
from orch.model.records import SCHEMA, Failure, StepRecord, newest, skipped
from orch.model.runs import RunRecord, comparable_digests, fold
from orch.model.states import State

CHAIN = a_graph(a_step("a"), a_step("b", ["a"]), a_step("c", after=["b"]))


def test_the_highest_attempt_of_a_step_counts_and_of_one_attempt_the_last() -> None:
    first, second, again = ended("a", attempt=2), ended("a", attempt=1), ended("a", State.FAILED, attempt=2)

    assert newest([first, second]) == {"a": first}
    assert newest([first, again]) == {"a": again}


def test_the_text_of_a_record_is_its_canonical_json() -> None:
    steps = (ended("a"), replace(ended("b", State.FAILED), failure=Failure("exit", "it ended with 3")))
    told = [step.text for step in steps]
    run = RunRecord(info(), State.FAILED, steps, "2026-11-21T10:00:00.000Z", 1.5, Failure("bug", "ValueError: x"))

    assert told == [canonical.dumps(step.to_json()) for step in steps]
    assert run.text == canonical.dumps(run.to_json())
    assert replace(run, steps=()).text == canonical.dumps(run.to_json() | {"steps": []})


def test_a_record_that_is_changed_has_another_text() -> None:
    record = ended("a")

    assert record.text != replace(record, reason="because").text


def test_a_step_that_could_not_start_names_the_need_that_stopped_it() -> None:
    ends = Ends()
    ends.note(CHAIN["a"], State.SUCCEEDED)
    ends.note(CHAIN["b"], State.CANCELLED)

    assert skipped(CHAIN["c"], ends, 3) == StepRecord("c", State.SKIPPED, 3, reason="b cancelled")


def test_what_stands_below_a_failure_is_skipped() -> None:
    record = fold(info(), CHAIN, [ended("a", State.FAILED)])

    assert [(step.state, step.reason) for step in record.steps[1:]] == [(State.SKIPPED, "a failed"), (State.SKIPPED, "b skipped")]
    assert record.state is State.FAILED


def test_a_step_that_could_start_and_did_not_report_was_cancelled() -> None:
    record = fold(info(attempt=4), CHAIN, [ended("a")])

    assert record.steps[1] == StepRecord("b", State.CANCELLED, 4, reason="it did not report")
    assert record.steps[2] == StepRecord("c", State.SKIPPED, 4, reason="b cancelled")


@given(graph=graphs(mapped=True), data=st.data())
def test_every_step_has_one_record_that_agrees_with_its_condition(graph: Graph, data: st.DataObject) -> None:
    told = data.draw(st.sets(st.sampled_from([step.id for step in graph.steps])))

    record = fold(info(), graph, [ended(step) for step in sorted(told)])

    states = {step.step: step.state for step in record.steps}
    assert [step.step for step in record.steps] == [step.id for step in graph.steps]
    ends = Ends.of(graph.steps, {})
    for step in topological(graph):
        if step.id not in told:
            assert states[step.id] is (State.SKIPPED if ends.may_start(step) is False else State.CANCELLED)
        ends.note(step, states[step.id])


def test_digests_of_pickles_are_not_compared() -> None:
    pickled = replace(artifact(digit="b"), comparable=False)
    record = fold(info(), a_graph(a_step("a")), [ended("a", outputs={"model": pickled, "rows": artifact(digit="c")})])

    assert comparable_digests(record) == {"a.rows": artifact(digit="c").digest}


@pytest.mark.parametrize("kind", [StepRecord, RunRecord])
@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"null", b"[]", b"{}", b'{"schema": "1"}', b"[" * 100_000])
def test_what_is_no_record_is_a_record_error(kind: Any, text: bytes) -> None:
    with pytest.raises(RecordError):
        kind.read(text)


def test_a_record_of_the_other_kind_is_refused() -> None:
    step = canonical.dumps(ended("a").to_json()).encode()

    assert StepRecord.read(step) == ended("a")
    with pytest.raises(RecordError, match="not a run record"):
        RunRecord.read(step)


def test_a_newer_record_is_refused_and_an_unknown_key_is_not() -> None:
    data = ended("a").to_json()

    assert StepRecord.from_json(data | {"colour": "red"}) == ended("a")
    with pytest.raises(RecordError, match=f"schema {SCHEMA + 1}"):
        StepRecord.from_json(data | {"schema": SCHEMA + 1})
