"""Who is told of a run's end: one job more, with the permissions and secrets that only it needs."""

from __future__ import annotations

from orch import WorkflowCall, notify, pipeline, step


def told(error: Exception) -> None:
    print(error)


@step
def load() -> int:
    return 1


@step(on_failure=notify.webhook(url_secret="MODEL_TEAM_URL"))
def train(rows: int) -> int:
    return rows


@pipeline(
    on_failure=[told, notify.issue(labels=["nightly"], assignees=["octocat"]), notify.webhook(url_secret="CHAT_URL")],
    on_success=notify.webhook(url_secret="CHAT_URL"),
    triggers=[WorkflowCall()],
)
def churn() -> None:
    train(load())
