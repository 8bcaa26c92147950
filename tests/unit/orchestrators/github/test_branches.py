"""Conditions in workflows: flags, guards, and the jobs that are heard because a skipped one does not tell why it was."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from support import hostile
from support.steps import a_graph, a_step

from orch.errors import UnsupportedError
from orch.model.conditions import And, Compare, Not
from orch.model.fans import Fan
from orch.model.graph import Graph
from orch.model.parameters import Kind, Parameter, ParameterType
from orch.model.steps import Choice, OutputRef, ParameterRef, Step, Value
from orch.names import PLAN_JOB, workflow_path
from orch.orchestrators.github.compile import compile_workflow, files

BIG = Compare(OutputRef("a", "output"), ">", Value(5))
JOIN = (("x", Choice((OutputRef("large", "output"), OutputRef("small", "output")))),)
GRAPH = a_graph(
    a_step("a"),
    replace(a_step("large", ["a"]), when=BIG),
    replace(a_step("small"), when=Not(BIG)),
    Step("join", "p.py:join", JOIN),
    a_step("after", after=["large"]),
)
GUARD = "${{ !cancelled() && !failure() && "


def jobs(graph: Graph) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = yaml.safe_load(files(graph)[workflow_path("p")])["jobs"]
    return found


def test_a_job_tells_flags_and_never_values() -> None:
    found = jobs(GRAPH)

    assert found["a"]["outputs"] == {"flags": "${{ steps.run.outputs.flags }}"}
    assert not any("outputs" in job for name, job in found.items() if name != "a")
    assert found["large"]["if"] == GUARD + "needs.a.result == 'success' && fromJSON(needs.a.outputs.flags)['output > 5'] }}"
    assert found["small"]["if"] == GUARD + "needs.a.result == 'success' && !fromJSON(needs.a.outputs.flags)['output > 5'] }}"


def test_a_skipped_job_is_taken_for_no_failure_only_if_none_above_it_was_cancelled() -> None:
    found = jobs(GRAPH)

    assert found["after"]["needs"] == ["large", "a"]
    assert found["after"]["if"] == (
        GUARD + "(needs.large.result == 'success' || needs.large.result == 'skipped') && !contains(needs.*.result, 'cancelled') }}"
    )
    assert found["join"]["needs"] == ["large", "small", "a"]
    assert found["join"]["if"] == (
        GUARD + "(needs.large.result == 'success' || needs.small.result == 'success') && !contains(needs.*.result, 'cancelled') }}"
    )


def test_the_job_of_an_either_hears_which_ran() -> None:
    (_, uses) = compile_workflow(GRAPH).jobs["join"].steps

    assert uses.to_data()["with"]["ran"] == "large=${{ needs.large.result }} small=${{ needs.small.result }}"


def test_a_condition_on_a_parameter_is_told_by_the_plan() -> None:
    on_parameter = Compare(ParameterRef("rows"), ">", Value(5))
    rows = Parameter("rows", ParameterType(Kind.INT, text="int"), default=3)
    found = jobs(a_graph(replace(a_step("b"), when=on_parameter), replace(a_step("c"), when=Not(on_parameter)), parameters=[rows]))

    assert found["b"]["needs"] == [PLAN_JOB]
    assert "fromJSON(needs.orch-plan.outputs.flags).orch-plan['rows > 5'] }}" in str(found["b"]["if"])
    assert "toJSON(fromJSON(needs.orch-plan.outputs.flags).orch-plan['rows > 5']) == 'false' }}" in str(found["c"]["if"])


@pytest.mark.parametrize("text", [text for text in hostile.VALUES if len(text) < 1000 and text.isprintable()])
def test_what_is_compared_stands_in_no_expression(text: str) -> None:
    graph = a_graph(a_step("a"), replace(a_step("b"), when=Compare(OutputRef("a", "output"), "==", Value(text))))
    condition = str(jobs(graph)["b"]["if"])

    assert condition.startswith(GUARD + "needs.a.result == 'success' && fromJSON(needs.a.outputs.flags)['output == ")
    assert condition.count("${{") == condition.count("}}") == 1
    assert condition.count("'") == 4


def test_a_step_that_is_compared_with_a_parameter_is_given_it() -> None:
    rows = Parameter("rows", ParameterType(Kind.INT, text="int"), default=3)
    compared = Compare(OutputRef("a", "output"), ">", ParameterRef("rows"))
    workflow = compile_workflow(a_graph(a_step("a"), replace(a_step("b"), when=And((compared,))), parameters=[rows]))

    assert workflow.jobs["a"].steps[1].to_data()["with"]["parameters"] == "${{ toJSON(inputs) }}"
    assert "parameters" not in workflow.jobs["b"].steps[1].to_data()["with"]


def test_a_mapped_step_is_no_branch_of_an_either() -> None:
    mapped = Step("large", "p.py:large", (("x", OutputRef("a", "output")),), a_step("x").outputs, fan=Fan(("x",)))

    with pytest.raises(UnsupportedError, match=r"'large\.output' is of a mapped step"):
        compile_workflow(a_graph(a_step("a"), mapped, a_step("small"), Step("join", "p.py:join", JOIN)))


def test_a_branch_that_is_read_in_any_case_is_heard_too() -> None:
    """An edge that a path of data replaces is left out, but not that one: its job would have no result, and the other branch were taken."""
    both = Step("both", "p.py:both", (*JOIN, ("y", OutputRef("middle", "output")), ("z", OutputRef("large", "output"))))
    found = jobs(a_graph(a_step("large"), a_step("small"), a_step("middle", ["large"]), both))

    assert found["both"]["needs"] == ["large", "small", "middle"]
