"""Gates before environments change nothing but that somebody is asked, by GitHub's own evaluator; below a failure they close for all."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from support.github_parser import GitHubParser
from support.steps import a_graph, a_step

from orch.model.graph import Graph
from orch.model.settings import StepSettings
from orch.model.steps import Step
from orch.model.triggers import Schedule
from orch.names import PLAN_JOB, RESULT_JOB, workflow_path
from orch.orchestrators.github.compile import files


@st.composite
def gated(draw: st.DrawFn) -> Graph:
    """Up to seven steps that read of earlier ones; some deploy, some of these with secrets; some have a plan job before them."""
    steps: list[Step] = []
    for number in range(draw(st.integers(1, 7))):
        reads = draw(st.lists(st.sampled_from([step.id for step in steps]), unique=True, max_size=3)) if steps else []
        environment = draw(st.sampled_from([None, None, "production", "EU / prod"]))
        secrets = ("KEY",) if draw(st.booleans()) and environment else ()
        steps.append(a_step(f"s{number}", reads, settings=StepSettings(deploys_to=environment, secrets=secrets)))
    return a_graph(*steps, triggers=draw(st.sampled_from([(), (Schedule("5 2 * * *"),)])))


def without_gates(graph: Graph) -> Graph:
    return replace(graph, steps=tuple(replace(step, settings=step.settings._replace(deploys_to=None)) for step in graph.steps))


def is_below_failure(name: str, results: Mapping[str, str], jobs: Mapping[str, Any]) -> bool:
    return any(results[need] == "failure" or is_below_failure(need, results, jobs) for need in jobs[name].get("needs", ()))


def ends(parser: GitHubParser, graph: Graph, broken: Collection[str], unwanted: Collection[str]) -> tuple[dict[str, str], dict[str, Any]]:
    """How each job ends, where steps in `broken` fail when they run, and the plan does not want those in `unwanted`; and the jobs."""
    jobs = yaml.safe_load(files(graph)[workflow_path(graph.pipeline)])["jobs"]
    planned = {"plan": json.dumps({step.id: "cached" if step.id in unwanted else "run" for step in graph.steps})}
    above: dict[str, set[str]] = {}
    results: dict[str, str] = {}
    waiting = dict(jobs)
    while waiting:
        name = next(name for name, job in waiting.items() if set(job.get("needs", ())) <= set(results))
        job = waiting.pop(name)
        needs = job.get("needs", [])
        above[name] = set(needs).union(*(above[need] for need in needs))
        before = {results[each] for each in above[name]}
        functions = {"cancelled": False, "always": True, "failure": "failure" in before, "success": before <= {"success"}}
        context = {"needs": {need: {"result": results[need], "outputs": planned if need == PLAN_JOB else {}} for need in needs}}
        condition = job.get("if", "${{ success() }}").removeprefix("${{ ").removesuffix(" }}")
        runs = parser.evaluate(condition, context, **functions)
        results[name] = "skipped" if not runs else "failure" if name in broken else "success"
    return results, jobs


@given(graph=gated(), data=st.data())
@settings(max_examples=80)
def test_a_step_ends_as_without_gates_but_below_a_failure_and_a_gate_asks_only_for_what_can_run(
    github_parser: GitHubParser, graph: Graph, data: st.DataObject
) -> None:
    ids = [step.id for step in graph.steps]
    broken = data.draw(st.sets(st.sampled_from(ids)))
    unwanted = data.draw(st.sets(st.sampled_from(ids))) if graph.triggers else set()
    text = files(graph)[workflow_path(graph.pipeline)]

    found, jobs = ends(github_parser, graph, broken, unwanted)
    plain, _ = ends(github_parser, without_gates(graph), broken, unwanted)

    assert github_parser.errors("p.yml", text) == []
    different = {name for name in ids if found[name] != plain[name]}
    assert all(found[name] == "skipped" and is_below_failure(name, found, jobs) for name in different)
    gates = {name for name in found if name.startswith("environment-")}
    assert gates | {PLAN_JOB} >= set(found) - set(ids) - {RESULT_JOB}
    assert gates <= set(jobs[RESULT_JOB]["needs"])
    for gate in gates:
        behind = [name for name in ids if gate in jobs[name].get("needs", [])]
        if len(behind) == 1 and jobs[gate].get("needs"):
            assert (found[gate] == "success") == (plain[behind[0]] != "skipped")


@given(graph=gated(), data=st.data())
@settings(max_examples=40)
def test_behind_a_gate_that_is_refused_nothing_runs(github_parser: GitHubParser, graph: Graph, data: st.DataObject) -> None:
    gates = [name for name in ends(github_parser, graph, (), ())[1] if name.startswith("environment-")]
    if gates:
        refused = data.draw(st.sampled_from(gates))
        found, jobs = ends(github_parser, graph, {refused}, ())

        assert all(found[name] == "skipped" for name, job in jobs.items() if refused in job.get("needs", []) and name != RESULT_JOB)
