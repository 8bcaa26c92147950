from __future__ import annotations

import pytest

from orch.errors import OrchError
from orch.model.graph import Graph, Step
from orch.model.notices import Issue, Notice, Webhook
from orch.names import NOTIFY_JOB, RESULT_JOB
from orch.orchestrators.github.compile import compile_workflow
from orch.workflow.model import Job

STEP = Step("load", "churn.py:load")
ALWAYS = "${{ always() && !(github.event_name == 'pull_request') && !(needs.orch-result.result == 'cancelled')"


def jobs_of(*notices: Notice) -> dict[str, Job]:
    return dict(compile_workflow(Graph("churn", "churn.py:churn", (STEP,), notices=notices)).jobs)


def areas(job: Job) -> dict[str, str]:
    return {permission.area: permission.access for permission in job.permissions}


def test_one_job_alone_may_write_issues() -> None:
    jobs = jobs_of(Notice("failure", Issue()))

    assert areas(jobs[NOTIFY_JOB]) == {"contents": "read", "issues": "write"}
    assert all("issues" not in areas(job) for name, job in jobs.items() if name != NOTIFY_JOB)
    assert jobs[NOTIFY_JOB].needs == (RESULT_JOB,)
    assert jobs[NOTIFY_JOB].condition.startswith(ALWAYS)


def test_one_job_alone_sees_the_addresses_and_writes_no_issue_without_one() -> None:
    jobs = jobs_of(Notice("failure", Webhook("CHAT_URL")), Notice("failure", Webhook("CHAT_URL"), ("load",)))

    assert areas(jobs[NOTIFY_JOB]) == {"contents": "read"}
    assert [name for name, job in jobs.items() if "CHAT_URL" in job.environment] == [NOTIFY_JOB]
    assert jobs[NOTIFY_JOB].environment == {"CHAT_URL": "${{ secrets.CHAT_URL }}"}


def test_what_is_told_of_failures_alone_costs_nothing_where_there_is_none() -> None:
    only_failures = jobs_of(Notice("failure", Webhook("CHAT_URL")))[NOTIFY_JOB].condition

    assert "!(needs.orch-result.result == 'success')" in only_failures
    for notice in (Notice("failure", Issue()), Notice("success", Webhook("CHAT_URL"))):
        assert "'success'" not in jobs_of(notice)[NOTIFY_JOB].condition


def test_without_notices_there_is_no_such_job() -> None:
    assert list(jobs_of()) == ["load", RESULT_JOB]


def test_a_secret_that_github_does_not_take_is_an_error() -> None:
    with pytest.raises(OrchError, match="a webhook wants the secret 'GITHUB_HOOK'"):
        jobs_of(Notice("failure", Webhook("GITHUB_HOOK")))
