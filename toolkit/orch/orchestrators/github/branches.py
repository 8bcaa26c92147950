"""What conditions bring into a workflow: which jobs may be skipped by choice, which tell flags, and which hear how others ended."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from orch.errors import OrchError, UnsupportedError
from orch.model.flags import leaves_of
from orch.model.graph import Graph, topological
from orch.model.steps import ParameterRef, Step, alternatives
from orch.orchestrators.github.conditions import plan_says
from orch.orchestrators.github.inputs import handed_over
from orch.workflow.expressions import And, Call, Context, Expression, Literal, Not, Or, interpolate

FLAGS: Final = "flags"  # the output of a job


class Branches:
    """`has_plan`: a plan job stands before all others."""

    def __init__(self, graph: Graph, *, has_plan: bool) -> None:
        self.has_plan = has_plan
        self.graph = graph
        self.asked = leaves_of(graph.steps)
        self.skippable = skippable(graph)

    def tells(self, step: Step) -> bool:
        """Whether a condition hangs on what the job of `step` makes."""
        return step.id in self.asked

    def accepted(self, step: Step) -> list[str]:
        """The steps that `step` waits for and that may be skipped without it being skipped, too."""
        return [
            need for need in step.needs if need in self.skippable and (need in step.choices or need not in {*step.producers, *step.asked})
        ]

    def guard(self, step: Step) -> tuple[Expression, ...]:
        """Beside the other conditions of `step`. `failure()` tells of failed jobs at any distance, and nothing does so of cancelled ones,
        as a job is that has run into its time limit."""
        return (Not(Call("contains", (Context(("needs", "*", "result")), Literal("cancelled")))),) if self.accepted(step) else ()

    def needs(self, needs: Mapping[str, tuple[str, ...]], jobs: Collection[str]) -> dict[str, tuple[str, ...]]:
        """`needs` of each step, and beside those the steps with `jobs` above a skipped one: that it is skipped does not tell why."""
        if not self.skippable:
            return dict(needs)
        above: dict[str, set[str]] = {}
        for step in topological(self.graph):
            above[step.id] = set(step.needs).union(*(above[need] for need in step.needs))
        found: dict[str, tuple[str, ...]] = {}
        for step in self.graph.steps:
            accepted = self.accepted(step)
            others = [need for need in step.needs if need not in accepted]
            proven = set(others).union(*(above[need] for need in others))
            unproven = set().union(*(above[need] for need in accepted)) - proven - {*needs.get(step.id, ())}
            found[step.id] = (*needs.get(step.id, ()), *(each.id for each in self.graph.steps if each.id in unproven and each.id in jobs))
        return found

    def ran(self, step: Step) -> str:
        """How the jobs of the steps of its choices ended; of one that the plan takes from an earlier run, that it succeeded."""
        names = dict.fromkeys(ref.step for _, binding in step.inputs for way in alternatives(binding) if len(way) > 1 for ref in way)
        return " ".join(f"{name}={interpolate(self._result(name))}" for name in names)

    def _result(self, step: str) -> Expression:
        result = Context(("needs", step, "result"))
        return Or((And((plan_says(step, "cached"), Literal("success"))), result)) if self.has_plan else result

    def inputs(self, step: Step) -> dict[str, str]:
        """What our action is told in the job of `step`."""
        compared = any(isinstance(leaf.right, ParameterRef) for leaf in self.asked.get(step.id, ()))
        return (handed_over(self.graph) if compared else {}) | ({"ran": self.ran(step)} if has_choices(step) else {})

    def outputs(self, step: Step) -> dict[str, str]:
        return {FLAGS: interpolate(Context(("steps", "run", "outputs", FLAGS)))} if self.tells(step) else {}


def has_choices(step: Step) -> bool:
    return any(len(way) > 1 for _, binding in step.inputs for way in alternatives(binding))


def skippable(graph: Graph) -> frozenset[str]:
    """The steps that a condition may skip: their own, or one above them."""
    found: set[str] = set()
    if all(step.when is None for step in graph.steps):
        return frozenset()
    for step in topological(graph):
        ways = [[ref.step for ref in way] for _, binding in step.inputs for way in alternatives(binding)]
        if step.when is not None or any(found.issuperset(way) for way in ways):
            found.add(step.id)
    return frozenset(found)


def check_choices(graph: Graph) -> Iterator[OrchError]:
    """A mapped step without items has no job that could say so."""
    for step in graph.steps:
        for way in (way for _, binding in step.inputs for way in alternatives(binding) if len(way) > 1):
            mapped = [ref for ref in way if graph[ref.step].fan]
            if mapped:
                message = f"step {step.id!r} takes either of several outputs, of which {str(mapped[0])!r} is of a mapped step"
                yield UnsupportedError(message, hint="pass the list through a step, and choose between its output and the others")
