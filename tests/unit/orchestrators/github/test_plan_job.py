from __future__ import annotations

import pytest
from support.steps import a_graph, a_step

from orch.model.graph import Graph
from orch.orchestrators.github.jobs import jobs_of
from orch.orchestrators.github.pins import Pins
from orch.orchestrators.github.plan_job import OUTPUTS, cache_mode, plan_reasons
from orch.stacks.settings import Cache, Settings
from orch.workflow.model import Job

DIAMOND = a_graph(a_step("a"), a_step("b", ["a"]), a_step("c", ["a"]), a_step("d", ["b", "c"]))
LONG = a_graph(*(a_step(name) for name in "abcdef"))
VERY_LONG = a_graph(*(a_step(f"s{number}") for number in range(501)))


def jobs(graph: Graph, cache: Cache) -> dict[str, Job]:
    return jobs_of(graph, Settings(cache=cache), Pins())


def test_a_pipeline_that_needs_no_plan_has_no_plan_job() -> None:
    assert plan_reasons(DIAMOND, Settings(cache="off")) == []
    assert "orch-plan" not in jobs(DIAMOND, "off")


@pytest.mark.parametrize(
    ("graph", "asked", "mode"),
    [(DIAMOND, "off", "off"), (DIAMOND, "plan", "plan"), (DIAMOND, "job", "job"), (DIAMOND, "auto", "job"), (LONG, "auto", "plan"), (VERY_LONG, "auto", "job")],
)
def test_a_few_steps_look_for_themselves_and_many_have_a_plan_look(graph: Graph, asked: Cache, mode: Cache) -> None:
    assert cache_mode(graph, Settings(cache=asked)) == mode
    assert bool(plan_reasons(graph, Settings(cache=asked))) is (mode == "plan")


def test_every_job_waits_for_the_plan() -> None:
    made = jobs(DIAMOND, "plan")

    assert next(iter(made)) == "orch-plan"
    assert made["orch-plan"].needs == ()
    assert set(made["orch-plan"].outputs) == set(OUTPUTS)
    assert all(made[name].needs[0] == "orch-plan" for name in ("a", "b", "c", "d", "orch-result"))


def test_a_job_starts_if_the_plan_wants_it_and_every_need_succeeded_or_is_cached() -> None:
    condition = jobs(a_graph(a_step("a"), a_step("b", ["a"])), "plan")["b"].condition

    plan = "fromJSON(needs.orch-plan.outputs.plan)"
    wanted = f"({plan}.b == 'run' || {plan}.b == 'maybe')"
    assert condition == f"${{{{ !cancelled() && !failure() && {wanted} && (needs.a.result == 'success' || {plan}.a == 'cached') }}}}"
