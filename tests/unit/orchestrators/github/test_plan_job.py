from __future__ import annotations

from dataclasses import replace

import pytest
from support.steps import a_graph, a_step

from orch.model.fans import Fan
from orch.model.graph import Graph
from orch.model.resources import ResourceSettings
from orch.model.settings import StepSettings
from orch.model.steps import Binding, OutputRef, Value
from orch.orchestrators.github.jobs import jobs_of
from orch.orchestrators.github.pins import Pins
from orch.orchestrators.github.plan_job import cache_mode, plan_reasons
from orch.stacks.settings import Cache, Runner, Settings
from orch.workflow.model import Job, Uses

CACHES: tuple[Cache, ...] = ("off", "plan", "job", "auto")
DIAMOND = a_graph(a_step("a"), a_step("b", ["a"]), a_step("c", ["a"]), a_step("d", ["b", "c"]))
LONG = a_graph(*(a_step(name) for name in "abcdef"))
FIVE = a_graph(*(a_step(name) for name in "abcde"))
WIDE = a_graph(*(a_step(f"s{number}") for number in range(240)), a_step("all", [f"s{number}" for number in range(240)]))
VERY_LONG = a_graph(*(a_step(f"s{number}") for number in range(501)))


def mapped(over: Binding) -> Graph:
    return a_graph(a_step("a"), replace(a_step("m"), inputs=(("x", over),), fan=Fan(("x",))))


def jobs(graph: Graph, cache: Cache) -> dict[str, Job]:
    return jobs_of(graph, Settings(cache=cache), Pins())


def test_a_pipeline_that_needs_no_plan_has_no_plan_job() -> None:
    assert plan_reasons(DIAMOND, Settings(cache="off")) == []
    assert "orch-plan" not in jobs(DIAMOND, "off")


@pytest.mark.parametrize(
    ("graph", "asked", "mode"),
    [
        (DIAMOND, "off", "off"),
        (DIAMOND, "plan", "plan"),
        (DIAMOND, "job", "job"),
        (DIAMOND, "auto", "job"),
        (FIVE, "auto", "job"),
        (LONG, "auto", "plan"),
        (VERY_LONG, "auto", "off"),
        (WIDE, "auto", "off"),
        (a_graph(*(a_step(f"{number:a>64}") for number in range(460))), "auto", "off"),
        (a_graph(a_step("a", settings=StepSettings(cache=False))), "auto", "off"),
        (mapped(OutputRef("a", "output")), "auto", "plan"),
        (mapped(Value([1, 2])), "auto", "job"),
        (mapped(Value([1, 2, 3, 4, 5])), "auto", "plan"),
    ],
)
def test_few_steps_look_for_themselves_and_many_have_a_plan_look_as_far_as_it_fits_into_a_file(
    graph: Graph, asked: Cache, mode: Cache
) -> None:
    assert cache_mode(graph, Settings(cache=asked)) == mode
    assert bool(plan_reasons(graph, Settings(cache=asked))) is (mode == "plan")


LOOK = "${{ inputs.no_cache && 'run' || 'look' }}"
ASKED_OR_PLAN = "${{ inputs.no_cache && 'asked' || 'plan' }}"


def test_every_job_waits_for_the_plan() -> None:
    made = jobs(DIAMOND, "plan")

    assert next(iter(made)) == "orch-plan"
    assert made["orch-plan"].needs == ()
    assert set(made["orch-plan"].outputs) == {"plan", "sources"}
    assert all(made[name].needs[0] == "orch-plan" for name in ("a", "b", "c", "d", "orch-result"))


def test_a_job_starts_if_the_plan_wants_it_and_every_need_succeeded_or_is_cached() -> None:
    condition = jobs(a_graph(a_step("a"), a_step("b", ["a"])), "plan")["b"].condition

    plan = "fromJSON(needs.orch-plan.outputs.plan)"
    wanted = f'contains(fromJSON(\'["run", "maybe"]\'), {plan}.b)'
    assert condition == f"${{{{ !cancelled() && !failure() && {wanted} && (needs.a.result == 'success' || {plan}.a == 'cached') }}}}"


def inputs_of(job: Job) -> dict[str, object]:
    action = job.steps[-1]
    assert isinstance(action, Uses)
    return dict(action.inputs)


def test_jobs_are_told_what_the_plan_says_of_them_and_of_what_they_read() -> None:
    made = jobs(DIAMOND, "plan")

    assert inputs_of(made["b"])["decision"] == "${{ fromJSON(needs.orch-plan.outputs.plan).b }}"
    assert {name for name in "abcd" if "sources" in inputs_of(made[name])} == {"b", "c", "d"}
    assert (inputs_of(made["orch-plan"])["runners"], inputs_of(made["orch-result"])["cache"]) == ("ubuntu-24.04", ASKED_OR_PLAN)


def test_without_a_plan_each_job_is_told_to_look() -> None:
    made = jobs(DIAMOND, "job")

    assert {name: inputs_of(made[name]).get("decision") for name in "abcd"} == dict.fromkeys("abcd", LOOK)
    assert not any("sources" in inputs_of(job) for job in made.values())
    assert inputs_of(made["orch-result"])["cache"] == "${{ inputs.no_cache && 'asked' || 'job' }}"


def test_only_where_results_are_looked_for_may_a_job_without_inputs_read_artifacts() -> None:
    areas = {cache: {each.area for each in jobs(DIAMOND, cache)["a"].permissions} for cache in CACHES}

    assert areas == {"off": {"contents"}} | {cache: {"contents", "actions"} for cache in CACHES if cache != "off"}


def test_by_default_a_job_that_neither_reads_nor_looks_may_read_no_artifacts() -> None:
    graph = a_graph(a_step("a"), a_step("b", settings=StepSettings(cache=False)))

    made = jobs_of(graph, Settings(), Pins())
    assert {name: {each.area for each in made[name].permissions} for name in "ab"} == {"a": {"contents", "actions"}, "b": {"contents"}}


def test_a_step_that_is_not_cached_does_not_look() -> None:
    graph = a_graph(a_step("a", settings=StepSettings(cache=False)), a_step("b"))

    assert [("decision" in inputs_of(jobs(graph, cache)[name])) for cache in ("plan", "job") for name in "ab"] == [False, True] * 2


def test_the_plan_is_told_the_runners_of_the_steps() -> None:
    graph = a_graph(a_step("a"), a_step("b", settings=StepSettings(resources=ResourceSettings(gpu_count=1))), a_step("c"))
    settings = Settings(cache="plan", runners=(Runner("gpu", gpu_count=1),))

    assert inputs_of(jobs_of(graph, settings, Pins())["orch-plan"])["runners"] == '{"":"ubuntu-24.04","b":"gpu"}'


def test_a_matrix_has_the_jobs_that_the_plan_leaves_of_it_where_it_decides_by_leg() -> None:
    graph = mapped(Value([1, 2]))
    literal, by_plan = jobs(graph, "job")["m"], jobs(graph, "plan")["m"]
    uncached = jobs(replace(graph, steps=(graph["a"], replace(graph["m"], settings=StepSettings(cache=False)))), "plan")["m"]

    for job in (literal, uncached):
        assert job.strategy is not None
        assert job.strategy.matrix == {"leg": [0, 1]}
    assert by_plan.strategy is not None
    assert by_plan.strategy.matrix == {"leg": "${{ fromJSON(fromJSON(needs.orch-plan.outputs.legs || '{}').m.jobs || '[]') }}"}
    assert "!(fromJSON(needs.orch-plan.outputs.legs).m.jobs == '[]')" in by_plan.condition
    assert [uses.inputs.get("decision") for job in (literal, by_plan, uncached) for uses in job.steps if isinstance(uses, Uses)][1::2] == [
        LOOK,
        "${{ fromJSON(needs.orch-plan.outputs.plan).m }}",
        None,
    ]
