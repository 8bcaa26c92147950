from __future__ import annotations

import pytest
from support.steps import a_graph, a_step

from orch.model.cron import scattered
from orch.model.parameters import Kind, Parameter, ParameterType
from orch.model.settings import StepSettings
from orch.model.triggers import MergeGroup, PullRequest, Push, RepositoryDispatch, Schedule, Trigger, WorkflowCall
from orch.orchestrators.github.triggers import check_triggers, result_outputs, scatter_notes, triggers_of
from orch.workflow.model import Called, CalledOutput, Cron, Dispatch, Filter, Input, Sent


def messages(*parameters: Parameter, triggers: tuple[Trigger, ...] = ()) -> list[str]:
    return [problem.message for problem in check_triggers(a_graph(parameters=parameters, triggers=triggers))]


def test_every_trigger_has_its_place() -> None:
    graph = a_graph(
        a_step("a", settings=StepSettings(secrets=("B", "A", "GITHUB_TOKEN"))),
        parameters=[Parameter("x", ParameterType(Kind.CHOICE, False, ("a", "b"), "choice"), default="a")],
        triggers=[
            Schedule("5 2 * * *"),
            Schedule("0 3 * * *", "Europe/Berlin"),
            Push(["main"], ["data/**"]),
            PullRequest(),
            MergeGroup(["main"], ["data/**"]),
            RepositoryDispatch(["arrived", "changed"]),
            WorkflowCall(),
        ],
        pipeline="churn",
    )

    triggers = triggers_of(graph)

    date = Input("string", "the moment that the run is for, as 2026-03-29T02:30, with its offset; the run's start without", default="")
    assert triggers.workflow_dispatch == Dispatch({"x": Input("choice", "choice", default="a", options=("a", "b")), "logical_date": date})
    assert triggers.workflow_call == Called(
        {"x": Input("string", "choice", default="a"), "logical_date": date}, ("A", "B"), called_outputs()
    )
    assert (triggers.push, triggers.pull_request, triggers.merge_group) == (Filter(("main",)), Filter(), Filter(("main",)))
    assert triggers.repository_dispatch == Sent(("arrived", "changed"))
    assert triggers.schedule == (Cron("5 2 * * *"), Cron("37 3 * * *", "Europe/Berlin"))
    assert list(scatter_notes(graph)) == ["The schedule '0 3 * * *' starts at minute 37: at minute 0 GitHub is late most of all."]
    assert list(check_triggers(graph)) == []


NOT_KEPT = "{}, which holds a line break or another character that GitHub's form does not keep"


def called_outputs() -> dict[str, CalledOutput]:
    return {
        "state": CalledOutput("${{ jobs.orch-result.outputs.state }}", "how the run ended, as succeeded or failed"),
        "run-artifact": CalledOutput("${{ jobs.orch-result.outputs.run-artifact }}", "the artifact with the record of the run"),
        "artifacts": CalledOutput(
            "${{ jobs.orch-result.outputs.artifacts }}", "the artifacts with the outputs of steps, as a JSON object by step"
        ),
    }


def test_the_result_job_says_what_callers_read() -> None:
    assert set(result_outputs(a_graph(triggers=[WorkflowCall()]))) == set(called_outputs())
    assert result_outputs(a_graph()) == {}


def test_without_triggers_a_person_can_start_it() -> None:
    triggers = triggers_of(a_graph())

    assert (triggers.workflow_dispatch, triggers.workflow_call, triggers.schedule) == (Dispatch(), None, ())


def test_a_parameter_without_default_needs_somebody_who_gives_it() -> None:
    required = Parameter("rows", ParameterType(Kind.INT, text="int"), required=True)

    assert messages(required, triggers=(WorkflowCall(),)) == []
    assert messages(required, triggers=(Push(), Schedule("5 2 * * *"))) == [
        "parameter 'rows' of pipeline 'p' has no default, and on schedule and push nobody gives it a value"
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Schedule("30 2 * * *"), Schedule("30 2 * * *", "Europe/Berlin")),
        (Schedule("0 2 * * *"), Schedule("1 2 * * *")),  # as the name scatters it
        (Schedule("5 2 * * *"), Schedule("5 2 * * *")),
    ],
)
def test_schedules_that_a_job_could_not_tell_apart_are_refused(first: Schedule, second: Schedule) -> None:
    graph = a_graph(triggers=(first, second), pipeline="p")
    if first.cron_expression == "0 2 * * *":
        second = Schedule(scattered("0 2 * * *", "p"))
        graph = a_graph(triggers=(first, second), pipeline="p")

    (problem,) = check_triggers(graph)

    pair = f"'{first.cron_expression}' ({first.timezone}) and '{second.cron_expression}' ({second.timezone})"
    assert problem.message == f"pipeline 'p' has the schedules {pair}, which are one to its jobs"


FROM_ROOT = "they begin at the root of the repository, without a '/'"


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (Schedule("0 25 * * *"), "pipeline 'p' has the schedule '0 25 * * *': its hour is '25', expected 0 to 23"),
        (Schedule("5 2 * * *", "Berlin"), "pipeline 'p' has the time zone 'Berlin', which does not exist"),
        (Schedule("5 2 * * *", "../etc"), "pipeline 'p' has the time zone '../etc', which does not exist"),
        (
            Push(["a\nb"]),
            "pipeline 'p' is triggered by branches of which " + NOT_KEPT.format(r"'a\nb'"),
        ),
        (Push(paths=["!a"]), "pipeline 'p' is triggered by paths of which '!a' takes out of nothing: a pattern without '!' comes first"),
        (Push(paths=["/data/**"]), "pipeline 'p' is triggered by paths of which '/data/**' fits none: " + FROM_ROOT),
        (Push(paths=["src", "!./a"]), "pipeline 'p' is triggered by paths of which '!./a' fits none: " + FROM_ROOT),
        (MergeGroup(["[a"]), "pipeline 'p' is triggered by branches of which '[a' has a '[' that is not closed"),
        (RepositoryDispatch([]), "pipeline 'p' is triggered by a RepositoryDispatch of no types, which would be every event"),
        (
            RepositoryDispatch(["x" * 101]),
            f"pipeline 'p' is triggered by the type '{'x' * 101}', which GitHub does not take: 1 to 100 characters",
        ),
    ],
)
def test_a_trigger_that_never_fires_is_refused(trigger: Trigger, expected: str) -> None:
    assert messages(triggers=(trigger,)) == [expected]


def test_two_pushes_cannot_stand_side_by_side() -> None:
    assert messages(triggers=(Push(["a"]), Push(["b"]))) == ["pipeline 'p' has two triggers of the kind Push"]
