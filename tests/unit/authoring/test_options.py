from __future__ import annotations

import functools
from typing import Any

import pytest

from orch import pipeline, step
from orch.authoring.options import python_version, step_settings
from orch.errors import ArgumentError, PipelineError, Where
from orch.model.resources import ResourceSettings
from orch.model.retry import StepRetryConfig
from orch.model.settings import StepSettings

WHERE = Where("pipeline.py", 3)


def test_without_options_there_are_no_settings() -> None:
    assert step_settings({}, WHERE) == StepSettings()


def test_an_option_of_another_meaning_is_not_a_setting() -> None:
    assert step_settings({"name": "x", "id": "y", "after": ["z"]}, WHERE) == StepSettings()


@pytest.mark.parametrize(
    "options",
    [
        {"resources": ResourceSettings(memory="8GB")},
        {"resources": {"memory": "8GB"}},
        {"settings": {"resources": ResourceSettings(memory="8GB")}},
        {"settings": {"resources": {"memory": "8GB"}}},
        {"resources": ResourceSettings(cpu_count=1), "settings": {"resources": {"memory": "8GB"}}},
    ],
)
def test_resources_are_given_as_an_option_or_among_the_settings(options: dict[str, Any]) -> None:
    assert step_settings(options, WHERE).resources == ResourceSettings(memory="8GB")


def test_the_settings_given_are_left_as_they_are() -> None:
    given = {"resources": {"memory": "8GB"}}

    step_settings({"settings": given}, WHERE)

    assert given == {"resources": {"memory": "8GB"}}


def test_options_are_put_into_the_form_of_the_graph() -> None:
    options = {
        "timeout": "1h30m",
        "environment": {"B": 2, "A": "1"},
        "secrets": ["TOKEN"],
        "extras": ("gpu",),
        "keep": True,
        "cache": False,
    }

    assert step_settings(options, WHERE) == StepSettings(
        timeout=5400.0, environment=(("A", "1"), ("B", "2")), secrets=("TOKEN",), extras=("gpu",), keep=True, cache=False
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"settings": {"dokcer": 1}}, "unknown settings 'dokcer'"),
        ({"resources": "8GB"}, "resources is '8GB', expected ResourceSettings(...)"),
        ({"resources": {"ram": 1}}, "unexpected keyword argument 'ram'"),
        ({"resources": {"memory": "8"}}, "'8' is not an amount of memory"),
        ({"retry": 3}, "retry is 3, expected StepRetryConfig(...)"),
        ({"cache": "no"}, "cache is 'no', expected True or False"),
        ({"keep": "no"}, "keep is 'no', expected True or False"),
        ({"timeout": "soon"}, "'soon' is not a duration"),
        ({"timeout": 0}, "0 is not a duration"),
        ({"secrets": "TOKEN"}, "secrets is 'TOKEN', expected a list of names"),
        ({"extras": [1]}, "extras is [1], expected a list of names"),
        ({"groups": 3}, "groups is 3, expected a list of names"),
        ({"secrets": {"TOKEN"}}, "secrets is {'TOKEN'}, expected a list of names"),
    ],
)
def test_an_option_that_cannot_be_used_is_named_with_its_step(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        step_settings(options, WHERE)

    assert message in caught.value.message
    assert caught.value.where == WHERE


def test_a_retry_is_taken_as_it_is() -> None:
    assert step_settings({"retry": StepRetryConfig(2)}, WHERE).retry == StepRetryConfig(2)


@pytest.mark.parametrize("decorator", [step, pipeline])
@pytest.mark.parametrize("thing", [functools.partial(print), len, object(), "name"], ids=["partial", "builtin", "object", "text"])
def test_what_is_not_a_function_is_refused_where_it_is_decorated(decorator: Any, thing: Any) -> None:
    with pytest.raises(TypeError, match="decorates a function, not"):
        decorator(thing)
    with pytest.raises(TypeError, match="decorates a function, not"):
        decorator()(thing)


def test_a_function_that_another_decorator_wraps_is_a_function() -> None:
    @step
    @functools.cache
    def kept() -> int:
        return 1

    assert kept() == 1


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"environment": {"A=B": "x"}}, "environment has the name 'A=B'"),
        ({"environment": {"": "x"}}, "environment has the name ''"),
        ({"environment": {"A": "x\0"}}, r"environment 'A' has 'x\\x00', and no system takes a null there"),
        ({"environment": {"A": "\ud800"}}, r"environment 'A' has '\\ud800', which is half a character"),
        ({"files": ["a\0b"]}, r"files has 'a\\x00b'"),
        ({"extras": ["a b"]}, "extras has 'a b', which is not a name of one"),
        ({"groups": ["--all"]}, "groups has '--all', which is not a name of one"),
    ],
)
def test_what_no_job_could_be_given_is_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ArgumentError, match=problem):
        step_settings(options, WHERE)


@pytest.mark.parametrize("python", ["$(touch x)", "3.12\n", "", 3.12, "--x"])
def test_a_python_that_is_no_version_is_refused(python: object) -> None:
    with pytest.raises(PipelineError, match="which is not a version"):
        python_version(python, WHERE)


@pytest.mark.parametrize("python", [None, "3.12", ">=3.11, <3.14"])
def test_a_python_that_is_a_version_is_taken(python: str | None) -> None:
    assert python_version(python, WHERE) == python
