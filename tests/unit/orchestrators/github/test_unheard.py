from __future__ import annotations

from dataclasses import replace

import pytest
from support.steps import a_graph, a_step

from orch.model.graph import Graph
from orch.model.settings import StepSettings
from orch.orchestrators.github.jobs import jobs_of
from orch.orchestrators.github.pins import Pins
from orch.orchestrators.github.unheard import foreseeable
from orch.stacks.settings import Cache, Settings
from orch.workflow.limits import NEEDS

# `load` only comes after `migrate`, which is for what it does and never cached.
MIGRATE = a_step("migrate", settings=StepSettings(cache=False))
LOAD = a_step("load", after=["migrate"])


def needs(graph: Graph, cache: Cache = "plan") -> dict[str, set[str]]:
    made = jobs_of(graph, Settings(cache=cache), Pins())
    return {step.id: set(made[step.id].needs) - {"orch-plan"} for step in graph.steps}


def test_who_reads_a_step_that_a_plan_may_take_hears_those_that_it_only_comes_after() -> None:
    graph = a_graph(MIGRATE, LOAD, a_step("train", ["load"]), a_step("report", ["train"]))

    assert needs(graph) == {"migrate": set(), "load": {"migrate"}, "train": {"load", "migrate"}, "report": {"train", "migrate"}}
    assert needs(graph, "job") == {"migrate": set(), "load": {"migrate"}, "train": {"load"}, "report": {"train"}}


def test_it_may_run_if_they_succeeded() -> None:
    made = jobs_of(a_graph(MIGRATE, LOAD, a_step("train", ["load"])), Settings(cache="plan"), Pins())

    assert made["train"].condition.endswith(" && needs.migrate.result == 'success' }}")


def test_a_step_that_must_run_tells_of_all_above_it() -> None:
    publish = a_step("publish", ["load"], settings=StepSettings(cache=False))
    graph = a_graph(MIGRATE, LOAD, publish, a_step("report", after=["publish"]), a_step("both", ["load", "publish"]))

    assert {name: needs(graph)[name] for name in ("publish", "report", "both")} == {
        "publish": {"load", "migrate"},
        "report": {"publish"},
        "both": {"publish"},
    }


def test_what_reads_from_a_step_that_must_run_is_not_taken_ahead() -> None:
    graph = a_graph(MIGRATE, LOAD, a_step("train", ["migrate"]), a_step("report", ["train"]))

    assert foreseeable(graph, {"load", "train", "report"}) == {"load"}


@pytest.mark.parametrize("after", [(), ("first",)])
def test_without_steps_that_only_come_after_others_nobody_hears_more_than_it_needs(after: tuple[str, ...]) -> None:
    steps = [a_step("first"), a_step("second", ["first"], after=after), a_step("third", ["second"])]

    assert needs(a_graph(*steps)) == {"first": set(), "second": {"first"}, "third": {"second"}}


def test_where_all_that_have_to_be_heard_would_be_more_than_github_takes_none_is() -> None:
    steps = [a_step("s0"), *(a_step(f"s{number}", after=[f"s{number - 1}"]) for number in range(1, 120))]
    graph = a_graph(*steps)

    assert NEEDS < 119 * 118 / 2
    assert needs(graph)["s119"] == {"s118"}
    assert needs(replace(graph, steps=graph.steps[:50]))["s49"] == {f"s{number}" for number in range(49)}
