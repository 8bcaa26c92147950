from __future__ import annotations

import pytest
from support.steps import a_graph, a_step

from orch.model.cron import scattered
from orch.model.parameters import Kind, Parameter, ParameterType
from orch.model.settings import StepSettings
from orch.model.triggers import PullRequest, Push, Schedule, Trigger, WorkflowCall
from orch.orchestrators.github.triggers import check_triggers, scatter_notes, triggers_of
from orch.workflow.model import Called, Cron, Dispatch, Filter, Input


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
            WorkflowCall(),
        ],
        pipeline="churn",
    )

    triggers = triggers_of(graph)

    date = Input("string", "the moment that the run is for, as 2026-03-29T02:30, with its offset; the run's start without", default="")
    assert triggers.workflow_dispatch == Dispatch({"x": Input("choice", "choice", default="a", options=("a", "b")), "logical_date": date})
    assert triggers.workflow_call == Called({"x": Input("string", "choice", default="a"), "logical_date": date}, ("A", "B"))
    assert (triggers.push, triggers.pull_request) == (Filter(("main",), ("data/**",)), Filter())
    assert triggers.schedule == (Cron("5 2 * * *"), Cron("37 3 * * *", "Europe/Berlin"))
    assert list(scatter_notes(graph)) == ["The schedule '0 3 * * *' starts at minute 37: at minute 0 GitHub is late most of all."]
    assert list(check_triggers(graph)) == []


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


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (Schedule("0 25 * * *"), "pipeline 'p' has the schedule '0 25 * * *': its hour is '25', expected 0 to 23"),
        (Schedule("5 2 * * *", "Berlin"), "pipeline 'p' has the time zone 'Berlin', which does not exist"),
        (Schedule("5 2 * * *", "../etc"), "pipeline 'p' has the time zone '../etc', which does not exist"),
        (Push(["a\nb"]), "pipeline 'p' is triggered by 'a\\nb', which is no glob of branches or paths"),
    ],
)
def test_a_trigger_that_never_fires_is_refused(trigger: Trigger, expected: str) -> None:
    assert messages(triggers=(trigger,)) == [expected]


def test_two_pushes_cannot_stand_side_by_side() -> None:
    assert messages(triggers=(Push(["a"]), Push(["b"]))) == ["pipeline 'p' has two triggers of the kind Push"]
