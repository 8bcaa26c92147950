"""The job after the result that tells people of the run: apart, as it alone may write issues and sees the addresses of webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from orch.errors import OrchError
from orch.model.graph import Graph
from orch.model.notices import Issue, url_secrets
from orch.names import RESULT_JOB
from orch.orchestrators.github.secrets import secret_problem
from orch.stacks.settings import Settings
from orch.workflow.expressions import ALWAYS, And, Context, Equal, Expression, Literal, Not, interpolate
from orch.workflow.model import ActionRef, Job, Permission, Uses

NOTIFY_MINUTES: Final = 10
_STATE: Final = Context(("needs", RESULT_JOB, "outputs", "state"))
_RESULT: Final = Context(("needs", RESULT_JOB, "result"))


def _not(value: Expression, text: str) -> Expression:
    return Not(Equal(value, Literal(text)))


def notify_job(graph: Graph, settings: Settings, checkout: Uses, action: ActionRef) -> Job:
    """`graph` has notices."""
    may_write = [Permission("issues", "write", reason="to open and close the pipeline's issue")] if _has_issue(graph) else []
    return Job(
        name=f"{graph.pipeline} / notify",
        permissions=(Permission("contents"), *may_write),
        needs=(RESULT_JOB,),
        condition=interpolate(_condition(graph)),
        runs_on=settings.result_runner,
        environment={secret: interpolate(Context(("secrets", secret))) for secret in sorted(url_secrets(graph.notices))},
        steps=(checkout, Uses(action.within("actions/notify"), {"pipeline": graph.pipeline}, name="Notify")),
        timeout_minutes=NOTIFY_MINUTES,
    )


def _condition(graph: Graph) -> Expression:
    """`always()`, because the result job fails where there is most to tell, and a failure may have cancelled the run.

    Who cancels a run knows of it. A pull request tells its author, and from a fork it has neither secrets nor permissions.
    """
    terms = [ALWAYS, _not(Context(("github", "event_name")), "pull_request"), _not(_RESULT, "cancelled"), _not(_STATE, "cancelled")]
    if not any(isinstance(notice.how, Issue) or notice.on == "success" or notice.steps for notice in graph.notices):
        terms.append(_not(_RESULT, "success"))
    return And(tuple(terms))


def _has_issue(graph: Graph) -> bool:
    return any(isinstance(notice.how, Issue) for notice in graph.notices)


def check_notices(graph: Graph) -> Iterator[OrchError]:
    for secret in url_secrets(graph.notices):
        if problem := secret_problem("a webhook", secret):
            yield problem
