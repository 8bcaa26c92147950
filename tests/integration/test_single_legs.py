"""`--step train.3`: one leg of a mapped step on what the last runs left, and what that is worth to those that come after it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.local import run_module
from support.ran import Ran

from orch.errors import UsageError
from orch.orchestrators.local.parts import part_of

CODE = """
    from orch import pipeline, step, unmapped

    @step
    def names() -> list[str]:
        return ["a", "b", "c", "d"]

    @step
    def train(name: str, rate: int) -> str:
        if name in BROKEN:
            raise ValueError(name)
        return f"{name}{rate}"

    @step
    def report(models: list[str]) -> str:
        return " ".join(models)

    @pipeline
    def flow(rate: int = 1) -> None:
        models = train.map(names(), rate=unmapped(rate))
        report(models)
"""


def run(folder: Path, *steps: str, broken: str = "''", rate: int = 1) -> Ran:
    code = CODE.replace("BROKEN", broken)
    return run_module(folder, code, parameters={"rate": rate}, part=(lambda graph: part_of(graph, steps)) if steps else None)


def test_a_leg_takes_its_place_beside_those_of_the_last_runs(tmp_path: Path) -> None:
    assert run(tmp_path, broken="'bc'").states["train"] == "failed"
    index = tmp_path / ".orch/cache/index.jsonl"
    before = index.read_text()

    second = run(tmp_path, "train.1", broken="'c'")
    third = run(tmp_path, "train.2")
    fourth = run(tmp_path, "train.0", "train.3", rate=2)

    assert second.states == {"names": "cached", "train": "succeeded", "train.1": "succeeded"}
    assert second.record.info.part == ("train.1",)
    assert (second["train"].outputs, second["train"].reason) == ({}, "1 of 4 legs ran, no run has left all others")
    assert third["train"].reason == "1 of 4 legs ran, the others are as the last runs left them"
    assert third.preview("train") == "['a1', 'b1', 'c1', 'd1']"
    assert fourth.preview("train") == "['a2', 'b1', 'c1', 'd2']"
    assert index.read_text() == before  # what a part makes is no result for later runs
    assert run(tmp_path, "report").preview("report") == "'a2 b1 c1 d2'"
    assert run(tmp_path, "train.0").preview("train") == "['a1', 'b1', 'c1', 'd2']"


def test_a_leg_that_fails_is_the_failure_of_its_step(tmp_path: Path) -> None:
    run(tmp_path)
    again = run(tmp_path, "train.2", broken="'c'")

    assert again.states == {"names": "cached", "train": "failed", "train.2": "failed"}
    assert again["train"].outputs == {}


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (("train.4",), "step 'train' has 4 legs, and 'train.4' is none of them"),
        (("names.1",), "pipeline 'flow' has no step 'names.1'"),
        (("train.1", "report"), "step 'report' reads all legs of 'train', of which --step names some"),
    ],
)
def test_a_leg_that_there_is_not_is_refused_before_anything_runs(tmp_path: Path, steps: tuple[str, ...], message: str) -> None:
    if steps == ("train.4",):
        run(tmp_path)
    with pytest.raises(UsageError, match=message):
        run(tmp_path, *steps)
