from __future__ import annotations

import pytest

from orch.errors import LimitError
from orch.model.graph import Graph, Step
from orch.model.settings import ExecutionMode
from orch.names import RESULT_JOB
from orch.orchestrators.github.compile import compile_workflow
from orch.orchestrators.github.modes import PER_PAGE, check_mode
from orch.runtime import api


def graph_of(mode: ExecutionMode, steps: int = 2) -> Graph:
    return Graph("churn", "churn.py:churn", tuple(Step(f"step_{number}", "churn.py:step") for number in range(steps)), execution_mode=mode)


@pytest.mark.parametrize(
    ("mode", "areas"),
    [
        (ExecutionMode.CONTINUE_ON_FAILURE, {"contents": "read"}),
        (ExecutionMode.STOP_ON_FAILURE, {"contents": "read", "actions": "read"}),
        (ExecutionMode.FAIL_FAST, {"contents": "read", "actions": "write"}),
    ],
)
def test_the_jobs_of_steps_alone_may_ask_and_cancel(mode: ExecutionMode, areas: dict[str, str]) -> None:
    jobs = {name: job.to_data()["permissions"] for name, job in compile_workflow(graph_of(mode)).jobs.items()}

    assert jobs["step_0"] == jobs["step_1"] == areas
    assert jobs[RESULT_JOB] == {"contents": "read", "actions": "read"}


def test_more_jobs_than_may_ask_are_refused_with_the_number() -> None:
    assert list(check_mode(graph_of(ExecutionMode.STOP_ON_FAILURE, 298))) == []
    assert list(check_mode(graph_of(ExecutionMode.CONTINUE_ON_FAILURE, 1000))) == []
    (problem,) = check_mode(graph_of(ExecutionMode.FAIL_FAST, 300))

    assert api.PER_PAGE == PER_PAGE
    assert isinstance(problem, LimitError)
    assert "300 jobs ask GitHub 1,200 times in a run, GitHub takes 1,000 an hour" in problem.message
