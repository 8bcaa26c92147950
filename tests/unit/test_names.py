"""What things may be called, and that names made of names stay apart."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.graphs import IDS

from orch import names


@pytest.mark.parametrize("name", ["a", "_", "_a", "A1", "load_data", "x" * 64])
def test_a_name_that_github_takes_is_an_id(name: str) -> None:
    assert names.step_id_problem(name) is None


@pytest.mark.parametrize("name", ["", "1a", "__a", "a-b", "a b", "a.b", "ä", "a\n", "x" * 65])
def test_any_other_name_is_a_problem_that_shows_it(name: str) -> None:
    assert repr(name) in (names.step_id_problem(name) or "")


@pytest.mark.parametrize("name", ["record", "run", "pins", "Pins"])
def test_a_pipeline_does_not_take_the_name_of_our_artifacts_or_files(name: str) -> None:
    assert names.pipeline_name_problem(name)
    assert names.step_id_problem(name) is None


@given(name=st.text())
def test_a_suggestion_is_an_id(name: str) -> None:
    assert names.step_id_problem(names.suggest_id(name)) is None


@pytest.mark.parametrize(("name", "suggestion"), [("train-model", "train_model"), ("2nd", "step_2nd"), ("__x__", "x"), ("", "step")])
def test_a_suggestion_resembles_the_name(name: str, suggestion: str) -> None:
    assert names.suggest_id(name) == suggestion


@given(
    pipelines=st.lists(IDS.filter(lambda name: not names.pipeline_name_problem(name)), min_size=2, max_size=2),
    steps=st.lists(IDS, min_size=2, max_size=2),
)
def test_no_two_artifacts_of_a_run_have_one_name(pipelines: list[str], steps: list[str]) -> None:
    made = {
        make(pipeline, step, attempt): (make.__name__, pipeline, step, attempt)
        for make, pipeline, step, attempt in itertools.product((names.outputs_artifact, names.record_artifact), pipelines, steps, (1, 11))
    } | {names.run_artifact(pipeline, attempt): (pipeline, attempt) for pipeline, attempt in itertools.product(pipelines, (1, 11))}

    assert len(made) == len(set(pipelines)) * (len(set(steps)) * 4 + 2)


@pytest.mark.parametrize("name", ["con", "Aux", "NUL", "com1", "LPT0"])
def test_a_device_of_windows_names_nothing_that_becomes_a_file(name: str) -> None:
    for problem in (names.step_id_problem(name), names.pipeline_name_problem(name), names.output_name_problem(name)):
        assert problem == f"{name!r} is the name of a device on Windows, and no file there can be called that"


@pytest.mark.parametrize("name", ["aux.yml", "nul .txt", "COM3.tar.gz"])
def test_a_device_is_one_whatever_follows_it(name: str) -> None:
    assert names.device_problem(name)


@pytest.mark.parametrize("name", ["console", "auxiliary", "com", "com10", "lpt", "_con"])
def test_what_only_begins_like_a_device_is_none(name: str) -> None:
    assert names.step_id_problem(name) is None
