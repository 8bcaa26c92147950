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
from orch.orchestrators.github.reduction import accepted, either, empty_with, may_be_empty, skippable
from orch.orchestrators.github.unheard import Unheard, foreseeable
from orch.workflow.expressions import And, Call, Context, Expression, Literal, Not, Or, interpolate, need_succeeded
from orch.workflow.limits import NEEDS

FLAGS: Final = "flags"  # the output of a job


class Branches:
    """`has_plan`: a plan job stands before all others. It may take the `cacheable` steps from earlier runs."""

    def __init__(self, graph: Graph, *, has_plan: bool, cacheable: Collection[str] = ()) -> None:
        self.has_plan = has_plan
        self.graph = graph
        self.asked = leaves_of(graph.steps)
        self.skippable = skippable(graph)
        self.above: dict[str, set[str]] = {}  # all steps that lead to one, where that matters
        self._emptied = may_be_empty(graph)
        if self.skippable or self._emptied or any(step.choices or (cacheable and step.after) for step in graph.steps):
            for step in topological(graph):
                self.above[step.id] = set(step.needs).union(*(self.above[need] for need in step.needs))
        self._taken = foreseeable(graph, cacheable)
        self._ambiguous = self.skippable | graph.mapped  # a mapped step without items is skipped, too
        self._unheard = Unheard(graph, self._taken, self._ambiguous, self.above)
        self._heard: dict[str, tuple[str, ...]] = {}  # whom the job of a step hears besides its needs

    @property
    def may_skip(self) -> bool:
        """Whether jobs are skipped though nothing went wrong."""
        return bool(self.skippable)

    def tells(self, step: Step) -> bool:
        """Whether a condition hangs on what the job of `step` makes."""
        return step.id in self.asked

    def guard(self, step: Step) -> tuple[Expression, ...]:
        """Beside the other conditions of `step`. `failure()` tells of failed jobs at any distance, and nothing does so of cancelled ones,
        as a job is that has run into its time limit."""
        heard = self._heard.get(step.id, ())
        is_loose = bool(accepted(step, self.skippable)) or bool(self._untold(step)) or not self._ambiguous.isdisjoint(heard)
        none_cancelled = (Not(Call("contains", (Context(("needs", "*", "result")), Literal("cancelled")))),) if is_loose else ()
        return (*(self._passed(each) for each in heard if each not in self._ambiguous), *none_cancelled)

    def _passed(self, step: str) -> Expression:
        succeeded = need_succeeded(step)
        return Or((succeeded, plan_says(step, "cached"))) if step in self._taken else succeeded

    def needs(self, needs: Mapping[str, tuple[str, ...]], jobs: Collection[str]) -> dict[str, tuple[str, ...]]:
        """`needs` of each step, and those of its steps above with `jobs` of which none of them tells whether they were cancelled."""
        told = {step.id: (*needs[step.id], *self._more(self._untold(step), jobs, needs[step.id])) for step in self.graph.steps}
        heard = {step.id: self._more(unheard, jobs, needs[step.id]) for step in self.graph.steps if (unheard := self._unheard.by(step))}
        if sum(map(len, told.values())) + sum(map(len, heard.values())) > NEEDS:
            return told  # more than GitHub takes
        self._heard = heard
        return told | {step: tuple(dict.fromkeys((*told[step], *more))) for step, more in heard.items()}

    def _more(self, steps: set[str], jobs: Collection[str], needs: Collection[str]) -> tuple[str, ...]:
        """Of `steps` those that have jobs which are none of the `needs`, in their order."""
        more = steps.intersection(jobs).difference(needs)
        return tuple(step.id for step in self.graph.steps if step.id in more) if more else ()

    def _untold(self, step: Step) -> set[str]:
        """The steps above `step` that may have been cancelled, as far as the success of those that it requires does not tell."""
        loose = accepted(step, self.skippable)
        emptied = [need for need in step.needs if need in self._emptied and need not in loose]
        if not loose and not emptied:
            return set()
        required = [need for need in step.needs if need not in loose and need not in emptied]
        required += [root for need in emptied for root in self._emptied[need]]
        proven = set(required).union(*(self.above[need] for need in required))
        return set().union(*(self.above[need] | {need} for need in loose), *(self._besides(need) for need in emptied)) - proven

    def _besides(self, mapped: str) -> set[str]:
        """The steps above one that had nothing to map over, but those that had nothing then, either: no job of theirs was cancelled."""
        return self.above[mapped] - empty_with(self.graph.by_id, self.graph[mapped])

    def ran(self, step: Step) -> str:
        """How the jobs of the steps of its choices ended; of one that the plan takes from an earlier run, that it succeeded."""
        return " ".join(f"{name}={interpolate(self._result(name))}" for name in either(step))

    def _result(self, step: str) -> Expression:
        result = Context(("needs", step, "result"))
        return Or((And((plan_says(step, "cached"), Literal("success"))), result)) if self.has_plan else result

    def inputs(self, step: Step) -> dict[str, str]:
        """What our action is told in the job of `step`."""
        compared = any(isinstance(leaf.right, ParameterRef) for leaf in self.asked.get(step.id, ()))
        return (handed_over(self.graph) if compared else {}) | ({"ran": self.ran(step)} if either(step) else {})

    def outputs(self, step: Step) -> dict[str, str]:
        return {FLAGS: interpolate(Context(("steps", "run", "outputs", FLAGS)))} if self.tells(step) else {}


def check_choices(graph: Graph) -> Iterator[OrchError]:
    """A mapped step without items has no job that could say so."""
    for step in graph.steps:
        for way in (way for _, binding in step.inputs for way in alternatives(binding) if len(way) > 1):
            mapped = [ref for ref in way if graph[ref.step].fan]
            if mapped:
                message = f"step {step.id!r} takes either of several outputs, of which {str(mapped[0])!r} is of a mapped step"
                yield UnsupportedError(message, hint="pass the list through a step, and choose between its output and the others")
