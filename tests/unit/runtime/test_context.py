"""What a running step knows of itself, and where it may ask."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orch.errors import UsageError
from orch.model.states import State
from orch.runtime.context import Context, context, log_metadata
from orch.runtime.current import enter, leave


def a_context(*, state: State = State.RUNNING, logical_date: str = "", timezone: str = "UTC") -> Context:
    return Context(
        run="r1",
        pipeline="p",
        step="train",
        state=state,
        attempt=1,
        tries=2,
        trigger="manual",
        temp=Path("/t"),
        _logical_date=logical_date,
        _timezone=timezone,
    )


@pytest.fixture
def entered() -> Iterator[Context]:
    here = a_context(logical_date="2026-03-29T03:30:00+02:00", timezone="Europe/Berlin")
    enter(lambda: here)
    yield here
    leave()


def test_threads_and_coroutines_of_a_step_have_its_context_and_log_into_its_record(entered: Context) -> None:
    async def coroutine() -> Context:
        log_metadata(by_coroutine=1)
        return await asyncio.to_thread(context)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(context).result() is entered
        pool.submit(log_metadata, by_pool=1).result()
    thread = threading.Thread(target=log_metadata, kwargs={"by_thread": 1})
    thread.start()
    thread.join()
    assert asyncio.run(coroutine()) is entered

    assert leave() == {"by_pool": 1, "by_thread": 1, "by_coroutine": 1}


def test_a_context_cannot_be_changed(entered: Context) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        entered.run = "other"  # type: ignore[misc]


def test_the_logical_date_is_aware_and_in_the_schedules_zone(entered: Context) -> None:
    assert entered.logical_date.isoformat() == "2026-03-29T03:30:00+02:00"
    assert str(entered.logical_date.tzinfo) == "Europe/Berlin"


def test_a_logical_date_that_would_differ_between_jobs_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(UsageError, match="the logical date is not known in this job") as caught:
        _ = a_context().logical_date

    assert caught.value.hint is not None
    assert caught.value.hint.startswith("give the pipeline a schedule, or a parameter for it")


def test_outside_a_step_there_is_neither_a_context_nor_a_record() -> None:
    for call in (context, log_metadata):
        with pytest.raises(UsageError, match="called outside a running step"):
            call()


def test_a_hook_has_a_context_and_a_record_that_is_closed() -> None:
    enter(lambda: a_context(state=State.FAILED))
    try:
        assert context().state is State.FAILED
        with pytest.raises(UsageError, match="called in a hook, when the step's record is closed"):
            log_metadata(rows=1)
    finally:
        leave()


def test_a_step_starts_with_nothing_logged(entered: Context) -> None:
    log_metadata(rows=1)
    enter(lambda: entered)

    assert leave() == {}


def test_what_a_refused_call_named_is_not_kept(entered: Context) -> None:
    log_metadata(rows=1)
    with pytest.raises(UsageError):
        log_metadata(rows=2, columns=["a"])  # type: ignore[arg-type]

    assert leave() == {"rows": 1}
