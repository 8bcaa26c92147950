from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from orch.workflow.limits import check_limits, check_size
from orch.workflow.model import Concurrency, Dispatch, Input, Job, Run, Strategy, Triggers, Workflow
from orch.workflow.scalars import OneLine


def a_job(script: str = "true", needs: tuple[str, ...] = (), condition: str = "") -> Job:
    return Job("ubuntu-24.04", (Run(script),), 5, needs=needs, condition=condition)


def a_workflow(jobs: Mapping[str, Job], inputs: int = 0) -> Workflow:
    dispatch = Dispatch({f"i{number}": Input("string") for number in range(inputs)})
    return Workflow("w", Triggers(dispatch), Concurrency("g"), jobs)


def messages(workflow: Workflow) -> list[str]:
    return [problem.message for problem in check_limits(workflow)]


def test_what_is_just_within_every_limit_passes() -> None:
    jobs = {f"j{number}": a_job("x" * 21_000, condition="y" * 21_000) for number in range(4_500)}

    assert messages(a_workflow(jobs | {"z" * 99: a_job(needs=tuple(jobs))}, inputs=25)) == []
    assert check_size("w.yml", "x" * 512_000) == []


@pytest.mark.parametrize(
    ("workflow", "expected"),
    [
        (a_workflow({"a": a_job("x" * 21_001)}), "a script of job 'a' has 21,001 characters, GitHub takes 21,000"),
        (a_workflow({"a": a_job(condition="y" * 21_001)}), "the condition of job 'a' has 21,001 characters, GitHub takes 21,000"),
        (a_workflow({"a": a_job(needs=("b",) * 4_501)}), "the jobs need each other 4,501 times, GitHub was seen to refuse 4,500"),
        (a_workflow({"a": a_job()}, inputs=26), "the workflow has 26 inputs, GitHub takes 25"),
        (a_workflow({"a": a_job(), "A": a_job()}), "'a' and 'A' are one job id to GitHub, which ignores case"),
    ],
)
def test_each_limit_names_its_number_and_a_way_out(workflow: Workflow, expected: str) -> None:
    (problem,) = check_limits(workflow)

    assert problem.message == expected
    assert problem.hint


@pytest.mark.parametrize(("count", "expected"), [(0, ["the matrix of job 'a' has 0 jobs, GitHub takes 1 to 256"]), (1, []), (256, [])])
def test_a_matrix_that_is_written_out_has_as_many_jobs_as_github_takes(count: int, expected: list[str]) -> None:
    assert messages(a_workflow({"a": replace(a_job(), strategy=Strategy({"leg": OneLine(range(count))}))})) == expected
    assert messages(a_workflow({"a": replace(a_job(), strategy=Strategy({"leg": "${{ fromJSON('[]') }}"}))})) == []


def test_a_matrix_of_more_jobs_is_refused() -> None:
    several = Strategy({"leg": OneLine(range(16)), "side": OneLine(range(17))})

    assert messages(a_workflow({"a": replace(a_job(), strategy=several)})) == ["the matrix of job 'a' has 272 jobs, GitHub takes 1 to 256"]


@pytest.mark.parametrize("job_id", ["1a", "__a", "a b", "é", "-a", "a" * 100, ""])
def test_an_id_that_github_refuses_is_found(job_id: str) -> None:
    assert [message.split(" is ")[0] for message in messages(a_workflow({job_id: a_job()}))] == [repr(job_id)]


def test_the_size_of_a_file_counts_bytes() -> None:
    (problem,) = check_size("w.yml", "é" * 256_001)

    assert problem.message == "w.yml has 512,002 bytes, GitHub takes 512,000"


def test_all_limits_are_told_at_once() -> None:
    assert len(messages(a_workflow({"1": a_job("x" * 30_000), "2": a_job()}, inputs=30))) == 4


def test_all_defaults_together_are_what_a_dispatch_can_carry() -> None:
    def workflow(length: int) -> Workflow:
        inputs = {"a": Input("string", default="x" * 30_000), "b": Input("string", default="x" * length), "c": Input("number", default=1)}
        return Workflow("w", Triggers(Dispatch(inputs)), Concurrency("g"), {"a": a_job()})

    around = 30_000 + len('{"a": "", "b": "", "c": 1}')
    assert messages(workflow(65_535 - around)) == []
    assert messages(workflow(65_536 - around)) == ["the defaults of the inputs have 65,536 characters, GitHub takes 65,535"]
