"""What legs made is one list: its digest, its size and its objects are those of its items."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.model.artifacts import Artifact
from orch.model.gathered import fold_legs, gather, spread_out
from orch.model.records import Failure, StepRecord
from orch.model.states import State
from orch.model.steps import Output, Step

TRAIN = Step("train", "p.py:train", outputs=(Output("output", "int"),))


def item(number: int, **more: object) -> Artifact:
    return Artifact(f"sha256:{number:064x}", 10, "json", "builtins.int", preview=str(number), **more)  # type: ignore[arg-type]


def leg(index: int, state: State = State.SUCCEEDED, **more: object) -> StepRecord:
    outputs = {"output": item(index)} if state.has_outputs else {}
    return StepRecord(f"train.{index}", state, started="2026-01-02T03:04:05.000Z", duration=1.0 + index, outputs=outputs, **more)  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 5), max_size=6))
def test_a_gathered_list_has_the_objects_of_its_items_and_none_of_its_own(numbers: list[int]) -> None:
    artifact = gather([item(number) for number in numbers])

    assert set(artifact.digests) == {item(number).digest for number in numbers}
    assert (artifact.length, artifact.size) == (len(numbers), 10 * len(numbers))
    assert [each.digest for each in artifact.items] == [item(number).digest for number in numbers]
    assert Artifact.from_json(artifact.to_json()) == artifact


def test_its_digest_is_that_of_its_items_in_their_order() -> None:
    one, two = item(1), item(2)

    assert gather([one, two]).digest == gather([item(1), item(2)]).digest
    assert len({gather(items).digest for items in ([one, two], [two, one], [one], [one, one], [])}) == 5


def test_it_is_comparable_and_free_of_pickles_as_its_items_are() -> None:
    pickled = Artifact("sha256:" + "a" * 64, 1, "pickle", comparable=False)
    nested = item(2, meta={"pickles": ["$.model"]})

    assert gather([item(1)]).comparable
    assert not gather([item(1), pickled]).comparable
    assert gather([item(1), pickled, nested]).pickled == ("$[1]", "$[2].model")


def test_its_preview_is_short() -> None:
    assert gather([item(1), item(2)]).preview == "[1, 2]"
    assert len(gather([item(number) for number in range(1000)]).preview) == 200


@pytest.mark.parametrize("meta", [None, {}, {"items": [{}]}, {"items": [3]}])
def test_a_gathered_list_that_is_damaged_is_refused_where_it_is_read(meta: object) -> None:
    with pytest.raises((KeyError, TypeError)):
        Artifact.from_json(gather([item(1)]).to_json() | {"meta": meta})


def test_an_output_of_legs_is_looked_up_leg_by_leg() -> None:
    outputs = {"train.output": gather([item(5), item(6)]), "load.rows": item(7)}

    assert list(spread_out(outputs)) == ["train.0.output", "train.1.output", "load.rows"]


@pytest.mark.parametrize(
    ("states", "state", "told"),
    [
        ([], State.SUCCEEDED, "there was nothing to map over"),
        (["succeeded", "succeeded"], State.SUCCEEDED, ""),
        (["cached", "succeeded"], State.SUCCEEDED, "1 of 2 legs are cached"),
        (["cached", "cached"], State.CACHED, "all 2 legs are cached"),
        (["succeeded", "failed", "skipped"], State.FAILED, "1 of 3 legs failed: train.1"),
        (["succeeded", "cancelled"], State.CANCELLED, "interrupted"),
        (["succeeded", "skipped"], State.SKIPPED, "interrupted"),
    ],
)
def test_a_mapped_step_ends_as_the_worst_of_its_legs(states: list[str], state: State, told: str) -> None:
    failure = Failure("exception", "no")
    legs = [
        leg(index, State(each), failure=failure if each == "failed" else None, reason="" if State(each).has_outputs else "interrupted")
        for index, each in enumerate(states)
    ]
    record = fold_legs(TRAIN, legs, 1)

    assert record.state is state
    assert (record.failure.message if record.failure else record.reason) == told
    assert ("output" in record.outputs) == state.has_outputs


def test_it_lasts_from_the_start_of_the_first_leg_to_the_end_of_the_last() -> None:
    record = fold_legs(TRAIN, [leg(0), leg(4)], 1)

    assert (record.started, record.duration) == ("2026-01-02T03:04:05.000Z", 5.0)


def test_where_the_store_failed_every_leg_the_step_says_so() -> None:
    legs = [leg(index, State.FAILED, failure=Failure("store", "full")) for index in range(7)]
    failure = fold_legs(TRAIN, legs, 1).failure

    assert failure == Failure("store", "7 of 7 legs failed: train.0, train.1, train.2, train.3, train.4 and 2 more")
