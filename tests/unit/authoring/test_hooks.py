"""What an `on_failure` or `on_success` hook may look like, and what is said of one that could not be called."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.modules import graph_of, problems_of

from orch import StepFailed
from orch.authoring.hooks import Option, takes_error
from orch.errors import ArgumentError
from orch.model.records import Failure


def nothing() -> None: ...
def the_error(error: Exception) -> None: ...
def perhaps(error: Exception | None = None) -> None: ...
def all_of_them(*args: object, **kwargs: object) -> None: ...
def by_position(error: Exception, /, channel: str = "#alerts") -> None: ...
def by_name(*, channel: str = "#alerts") -> None: ...
def two(error: Exception, channel: str) -> None: ...
def required_name(error: Exception, *, channel: str) -> None: ...
async def later() -> None: ...
def generator() -> Iterator[int]:
    yield 1


@functools.wraps(two)
def wrapped(*args: object) -> None: ...


@pytest.mark.parametrize(
    ("hook", "option", "takes"),
    [
        (nothing, "on_failure", False),
        (the_error, "on_failure", True),
        (perhaps, "on_failure", True),
        (all_of_them, "on_failure", True),
        (by_position, "on_failure", True),
        (by_name, "on_failure", False),
        (nothing, "on_success", False),
        (perhaps, "on_success", False),
        (all_of_them, "on_success", False),
        (by_name, "on_success", False),
    ],
)
def test_a_hook_gets_the_error_if_it_takes_one(hook: Callable[..., Any], option: Option, *, takes: bool) -> None:
    assert takes_error(hook, option) is takes


@pytest.mark.parametrize(
    ("hook", "option", "words"),
    [
        (the_error, "on_success", "on_success cannot call 'the_error': missing a required argument: 'error'"),
        (by_position, "on_success", "missing a required"),
        (two, "on_failure", "on_failure cannot call 'two': missing a required argument: 'channel'"),
        (wrapped, "on_failure", "missing a required argument: 'channel'"),
        (required_name, "on_failure", "missing a required"),
        (later, "on_failure", "'later', an async function or a generator"),
        (generator, "on_success", "'generator', an async function or a generator"),
    ],
)
def test_a_hook_that_cannot_be_called_is_named_with_its_place(hook: Callable[..., Any], option: Option, words: str) -> None:
    with pytest.raises(ArgumentError, match=words) as caught:
        takes_error(hook, option)

    assert caught.value.where is not None
    assert caught.value.where.path == __file__
    assert caught.value.where.line > 0


def test_a_mistake_in_a_hook_is_told_when_the_pipeline_is_traced_once_and_at_the_hooks_line(tmp_path: Path) -> None:
    code = """
    def tell(error, channel): ...

    @step
    def work() -> None: ...

    @pipeline(on_failure=tell)
    def p():
        work()
        work()
    """
    (problem,) = problems_of(tmp_path, code)

    assert str(problem) == (
        "pipeline.py:4: on_failure cannot call 'tell': missing a required argument: 'channel' [argument]\n"
        "  help: on_failure is called with one argument, the error, or none: give every other parameter a default"
    )


def test_a_steps_own_hook_stands_before_the_pipelines(tmp_path: Path) -> None:
    code = """
    def one(): ...
    def two(): ...

    @step(on_failure=one)
    def first() -> None: ...

    @step
    def second() -> None: ...

    @pipeline(on_failure=two, on_success=two)
    def p():
        first()
        second()
    """
    first, second = (step.settings for step in graph_of(tmp_path, code).steps)

    assert (first.on_failure, first.on_success) == ("pipeline.py:one", "pipeline.py:two")
    assert (second.on_failure, second.on_success) == ("pipeline.py:two", "pipeline.py:two")


@pytest.mark.parametrize(
    ("failure", "text"),
    [(Failure("exception", "no such column", "ValueError"), "ValueError: no such column"), (Failure("timeout", "too long"), "too long")],
)
def test_the_error_reads_as_the_one_that_was_raised_and_holds_all_that_is_known(failure: Failure, text: str) -> None:
    error = StepFailed(failure)

    assert str(error) == text
    assert error.failure is failure
