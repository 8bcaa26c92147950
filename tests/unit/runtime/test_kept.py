"""The index that a run leaves: what its steps made under the keys that these had, and no more than a plan can read."""

from __future__ import annotations

from dataclasses import replace

from support.steps import a_graph, a_step

from orch.model.artifacts import Artifact
from orch.model.facts import Facts
from orch.model.index import Entry, Index, Kept
from orch.model.plan import Action
from orch.model.records import Failure, StepRecord
from orch.model.states import State
from orch.model.steps import Choice, Output, OutputRef, Step
from orch.planning.ahead import decide_on
from orch.planning.decide import Known
from orch.planning.machines import Machine
from orch.runtime.kept import MOST_BYTES, MOST_OF_STEP, Made, cumulative, lost, machine_of
from orch.runtime.planned import index_text

GRAPH = a_graph(a_step("a"), a_step("b", ["a"]))
KNOWN = Known({step: Facts("c", "p", "", "") for step in GRAPH.by_id}, {}, Index(), 0.0)
HERE = Machine("3.12", "linux-x86_64")
PYTHON = {"python": "3.12.4", "os": "linux", "arch": "x86_64", "orch": "1"}
KEPT = {f"orch-p-{step}-a1": Kept(number, f"orch-p-{step}-a1", "2027-02-01T00:00:00Z") for number, step in enumerate("ab", 1)}


def output(text: str) -> Artifact:
    return Artifact(f"sha256:{text * 64}", 1, "json")


A = StepRecord("a", State.SUCCEEDED, started="2027-01-01T00:00:00.000Z", duration=1.5, outputs={"output": output("1")}, environment=PYTHON)
B = replace(A, step="b", inputs={"a.output": {"digest": output("1").digest}}, outputs={"output": output("2")})


def made(*records: StepRecord, known: Known = KNOWN, artifacts: dict[str, Kept] | None = None) -> Made:
    return Made(GRAPH, "7", {record.step: record for record in records}, known, KEPT if artifacts is None else artifacts)


def test_a_result_is_found_by_the_key_that_the_next_plan_computes() -> None:
    entries = made(A, B).entries()
    known = replace(KNOWN, index=Index(entries))

    first = decide_on("p", GRAPH["a"], known, HERE, {})
    assert first.action is Action.CACHED
    assert first.entry is not None
    assert (first.entry.run, first.entry.ended, first.entry.artifacts) == ("7", "2027-01-01T00:00:01.500Z", (KEPT["orch-p-a-a1"],))
    assert decide_on("p", GRAPH["b"], known, HERE, {"a.output": output("1")}).action is Action.CACHED
    assert decide_on("p", GRAPH["b"], known, HERE, {"a.output": output("9")}).action is Action.RUN
    assert decide_on("p", GRAPH["a"], known, Machine("3.13", "linux-x86_64"), {}).action is Action.RUN


def test_records_get_the_keys_of_their_steps_and_why_they_ran() -> None:
    explained = made(A, B).explained()

    assert explained["a"].key.startswith("sha256:")
    assert explained["a"].facts["python"] == "3.12"
    assert (explained["a"].cause, explained["b"].cause) == ("first", "first")


def test_where_every_step_was_to_run_none_says_that_its_result_was_lost() -> None:
    known = replace(KNOWN, index=Index(made(A, B).entries()))
    asked = made(A, B, known=replace(known, reads_cache=False))

    assert {record.cause for record in made(A, B, known=known).explained().values()} == {"lost"}
    assert {record.cause for record in asked.explained().values()} == {"asked"}
    assert [entry.step for entry in asked.entries()] == ["a", "b"]


def test_a_step_that_read_something_else_than_its_producer_made_is_not_kept() -> None:
    other = replace(B, inputs={"a.output": {"digest": output("8").digest}})

    assert [entry.step for entry in made(A, other).entries()] == ["a"]


def test_what_failed_or_was_not_uploaded_is_not_kept() -> None:
    failed = replace(A, state=State.FAILED, outputs={}, failure=Failure("exception", "x"))

    assert made(failed).entries() == []
    assert made(A, artifacts={}).entries() == []
    assert made(replace(A, environment={})).entries() == []


def test_a_result_that_a_job_took_and_uploaded_again_keeps_its_age_and_lies_in_this_run() -> None:
    (before,) = made(A).entries()
    taken = replace(A, state=State.CACHED, key=before.key, facts=before.facts, started="2027-05-01T00:00:00.000Z", cached_from="7")
    again = Made(GRAPH, "8", {"a": taken}, replace(KNOWN, index=Index([before])), KEPT)

    (entry,) = again.entries()

    assert (entry.run, entry.ended, entry.key) == ("8", before.ended, before.key)


def test_a_step_that_the_plan_took_stays_where_it_lies() -> None:
    (before,) = made(A).entries()
    cached = StepRecord("a", State.CACHED, outputs=before.outputs, key=before.key, facts=before.facts, cached_from="7")

    assert Made(GRAPH, "8", {"a": cached}, replace(KNOWN, index=Index([before])), {}).entries() == []


def test_what_could_not_be_read_is_not_taken_again() -> None:
    (before,) = made(A).entries()
    failed = StepRecord("b", State.FAILED, failure=Failure("input", "step 'a' delivered no output 'output'"))

    (gone,) = lost([failed], {"a": before}, GRAPH)
    assert gone == replace(before, artifacts=(), attempt=0)
    assert cumulative([before], [gone]) == [gone]
    assert lost([replace(failed, failure=Failure("exception", "x"))], {"a": before}, GRAPH) == []


def test_of_each_step_the_newest_results_are_kept() -> None:
    entries = [Entry(f"sha256:{number:064x}", "p", step, "7", "") for number in range(9) for step in ("a", "b")]

    kept = cumulative(entries[:6], entries[6:])

    assert kept == entries[-2 * MOST_OF_STEP :]


def test_an_index_does_not_grow_without_end() -> None:
    large = {"x": "y" * 100_000}
    entries = [Entry(f"sha256:{number:064x}", "p", f"s{number}", "7", "", large) for number in range(200)]

    kept = cumulative(entries, [])

    assert len(index_text(kept)) <= MOST_BYTES
    assert kept[-1] == entries[-1]


def test_the_machine_of_a_record_has_the_form_of_facts() -> None:
    assert machine_of(A) == HERE
    assert machine_of(replace(A, environment=PYTHON | {"variant": "t"})) == Machine("3.12t", "linux-x86_64")
    assert machine_of(replace(A, environment=PYTHON | {"variant": "pypy"})) == Machine("pypy3.12", "linux-x86_64")
    assert machine_of(replace(A, environment={"python": "3.12.4"})) is None


def test_a_join_is_kept_under_the_key_of_what_it_read() -> None:
    either = Step("c", "pipeline.py:c", (("x", Choice((OutputRef("a", "output"), OutputRef("b", "output")))),), (Output("output", "int"),))
    graph = a_graph(a_step("a"), a_step("b"), either)
    known = replace(KNOWN, facts={step: Facts("c", "p", "", "") for step in graph.by_id})
    skipped = StepRecord("b", State.SKIPPED)
    read = replace(A, step="c", inputs={"a.output": {"digest": output("1").digest}}, outputs={"output": output("3")})
    kept = KEPT | {"orch-p-c-a1": Kept(3, "orch-p-c-a1", "2027-02-01T00:00:00Z")}

    entries = Made(graph, "7", {"a": A, "b": skipped, "c": read}, known, kept).entries()

    assert [entry.step for entry in entries] == ["a", "c"]
    plain = replace(either, inputs=(("x", OutputRef("a", "output")),))
    assert decide_on("p", plain, known, HERE, {"a.output": output("1")}).key == entries[1].key
