"""Steps that share a job of a compiled workflow, under the real act: fewer jobs, the same ends and the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.act import act_module
from support.local import run_module

from orch.authoring.load import separate_modules
from orch.model.runs import comparable_digests
from orch.orchestrators.github.repository import compile_references
from orch.stores.local import LocalStore

pytestmark = pytest.mark.act

MODULE = """
    from pathlib import Path
    from typing import Annotated
    from orch import pipeline, step

    @step(pack="first")
    def numbers(n: int) -> list[int]:
        print("numbering")
        return list(range(n))

    @step(pack="first")
    def double(xs: list[int]) -> list[int]:
        return [2 * x for x in xs]

    @step(pack="last")
    def total(xs: list[int], ys: list[int]) -> int:
        return sum(xs) + sum(ys)

    @step(pack="last")
    def risky(x: int, limit: int) -> int:
        if x > limit:
            raise ValueError(f"{x} is too much")
        return x

    @step
    def end(x: int, y: int) -> int:
        return x + y

    @pipeline
    def p(n: int = 4, limit: int = 100):
        xs = numbers(n)
        both = total(double(xs), xs)
        end(both, risky(both, limit))
"""


def test_packs_are_jobs_and_change_nothing_else(tmp_path: Path) -> None:
    ran = act_module(tmp_path / "act", MODULE)
    local = run_module(tmp_path / "local", MODULE)

    assert ran.states == local.states
    assert set(ran.states.values()) == {"succeeded"}
    assert comparable_digests(ran.record) == comparable_digests(local.record)
    assert (ran.folder / "logs/numbers.log").read_text() == "numbering\n"
    with separate_modules():
        (compiled,) = compile_references([str(next((tmp_path / "act").glob("*.py")))], tmp_path / "act").pipelines
    assert [job for job in compiled.workflow.jobs if job in ran.states] == ["numbers", "total", "end"]


def test_a_failure_in_a_pack_is_that_of_its_step(tmp_path: Path) -> None:
    ran = act_module(tmp_path / "act", MODULE, given={"limit": "3"})
    local = run_module(tmp_path / "local", MODULE, parameters={"limit": 3})

    assert ran.states == local.states
    assert [ran.states[step] for step in ("total", "risky", "end")] == ["succeeded", "failed", "skipped"]
    assert ran["risky"].failure is not None
    assert ran["risky"].failure.message == "18 is too much"
    (made,) = ran["total"].outputs.values()
    assert LocalStore(ran.home / "store").has(made.digest)  # it was uploaded, whatever became of the other step
