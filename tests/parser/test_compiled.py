"""Every valid pipeline compiles to a workflow that GitHub's own parser takes, and that keeps the order of its steps."""

from __future__ import annotations

import json

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.github_parser import GitHubParser
from support.graphs import graphs
from support.steps import a_graph

from orch.model.graph import Graph, topological
from orch.model.parameters import Kind, Parameter, ParameterType
from orch.names import NOTIFY_JOB, PLAN_JOB, RESULT_JOB, workflow_path
from orch.orchestrators.github.compile import files


@given(graph=graphs(mapped=True))
@settings(max_examples=60)
def test_any_graph_compiles_to_a_workflow_that_github_parses(github_parser: GitHubParser, graph: Graph) -> None:
    path = workflow_path(graph.pipeline)
    text = files(graph)[path]

    assert github_parser.errors(path, text) == []


@given(graph=graphs())
@settings(max_examples=60)
def test_a_job_comes_after_the_jobs_of_all_steps_that_its_step_needs(graph: Graph) -> None:
    jobs = yaml.safe_load(files(graph)[workflow_path(graph.pipeline)])["jobs"]

    needs = {step.id: set(step.needs) for step in graph.steps}
    written = {name: set([job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])) for name, job in jobs.items()}

    written.pop(NOTIFY_JOB, None)  # it comes after the result
    first = {PLAN_JOB} & set(written)
    assert all(first <= before for name, before in written.items() if name != PLAN_JOB)
    written = {name: before - first for name, before in written.items() if name != PLAN_JOB}
    assert written.pop(RESULT_JOB) == set(needs)
    assert closure(written) == closure(needs)


@given(graph=graphs(mapped=True))
@settings(max_examples=30)
def test_a_graph_read_back_from_its_file_compiles_to_the_same_bytes(graph: Graph) -> None:
    assert files(Graph.from_json(graph.to_json())) == files(graph)


@given(
    text=st.from_regex(r"[-+]?[0-9._]*([eE][-+]?[0-9]+)?|0[xob][0-9a-f]*", fullmatch=True)
    | st.text(st.characters(exclude_categories=["C"]))
)
@example(text="1e3")
@example(text="0o17")
@example(text="a\u2028b")
@example(text="yes")
@example(text="~")
@settings(max_examples=200)
def test_github_reads_a_default_as_the_text_that_it_was(github_parser: GitHubParser, text: str) -> None:
    graph = a_graph(parameters=[Parameter("x", ParameterType(Kind.STR, text="str"), default=text)])
    if "${{" not in text:
        read = github_parser.read(files(graph)[workflow_path(graph.pipeline)])

        assert read["on"]["workflow_dispatch"]["inputs"]["x"]["default"] == text


@given(graph=graphs(), data=st.data())
@settings(max_examples=60)
def test_on_github_exactly_what_stands_below_a_failure_is_skipped(github_parser: GitHubParser, graph: Graph, data: st.DataObject) -> None:
    broken = data.draw(st.sets(st.sampled_from([step.id for step in graph.steps])))
    jobs = yaml.safe_load(files(graph)[workflow_path(graph.pipeline)])["jobs"]
    before = closure({name: set(job.get("needs", ())) for name, job in jobs.items()})

    results: dict[str, str] = {PLAN_JOB: "success"}
    planned = {"plan": json.dumps({step.id: "run" for step in graph.steps})}
    for step in topological(graph):
        job = jobs[step.id]
        has_failed = any(results[name] == "failure" for name in before[step.id])
        context = {"needs": {name: {"result": results[name], "outputs": planned} for name in job.get("needs", ())}}
        condition = job.get("if", "${{ success() }}").removeprefix("${{ ").removesuffix(" }}")
        functions = {"cancelled": False, "failure": has_failed, "success": all(results[name] == "success" for name in before[step.id])}
        runs = github_parser.evaluate(condition, context, **functions)
        results[step.id] = "skipped" if not runs else "failure" if step.id in broken else "success"

    assert {name for name, result in results.items() if result == "skipped"} == {
        step.id for step in graph.steps if any(results[need] != "success" for need in step.needs)
    }


def closure(needs: dict[str, set[str]]) -> dict[str, set[str]]:
    """Every job with all jobs before it, however far."""
    known: dict[str, set[str]] = {}

    def before(name: str) -> set[str]:
        if name not in known:
            known[name] = needs[name].union(*(before(need) for need in needs[name]))
        return known[name]

    return {name: before(name) for name in needs}
