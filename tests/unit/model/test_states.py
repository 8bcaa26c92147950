from __future__ import annotations

import pytest

from orch.model.states import State, fold_states


def test_a_state_that_is_under_way_has_not_ended() -> None:
    assert [state for state in State if not state.has_ended] == [State.QUEUED, State.RUNNING]


def test_only_what_succeeded_or_was_cached_has_outputs() -> None:
    assert [state for state in State if state.has_outputs] == [State.SUCCEEDED, State.CACHED]


def test_a_command_ends_as_its_run_did() -> None:
    codes = {state: state.exit_code for state in State if state.has_ended}

    assert codes == {State.SUCCEEDED: 0, State.CACHED: 0, State.CANCELLED: 130, State.FAILED: 1, State.SKIPPED: 1}


@pytest.mark.parametrize(
    ("states", "folded"),
    [
        ([], State.SUCCEEDED),
        ([State.SUCCEEDED, State.CACHED], State.SUCCEEDED),
        ([State.SUCCEEDED, State.SKIPPED], State.SUCCEEDED),
        ([State.SKIPPED, State.FAILED, State.CANCELLED], State.FAILED),
        ([State.CANCELLED, State.RUNNING], State.CANCELLED),
        ([State.QUEUED, State.RUNNING], State.RUNNING),
        ([State.QUEUED, State.SUCCEEDED], State.QUEUED),
    ],
)
def test_a_run_is_in_the_worst_state_of_its_steps(states: list[State], folded: State) -> None:
    assert fold_states(states) is folded
