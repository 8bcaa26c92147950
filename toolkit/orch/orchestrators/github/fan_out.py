"""What mapped steps bring into a workflow: matrices of indices, the jobs that count them, and what an empty one means for others.

A job says in its output `legs` how many legs hang on what it made: see `orch.model.matrix`. GitHub takes no empty matrix, so a step
with nothing to map over is skipped, and whoever reads its outputs takes a skipped job for one that succeeded exactly there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from orch.errors import OrchError, UnsupportedError
from orch.model import canonical
from orch.model.bindings import Choice, OutputRef, references
from orch.model.conditions import And, Condition, Or, Passed, Succeeded, all_of, any_of
from orch.model.graph import Graph, topological
from orch.model.legs import items
from orch.model.matrix import PARAMETERS, fixed, mapped_over, per_job, roots
from orch.model.steps import Step
from orch.names import PLAN_JOB, legs_job
from orch.orchestrators.github.conditions import all_of as all_true
from orch.orchestrators.github.conditions import job_condition, to_expression, unless_cached
from orch.orchestrators.github.inputs import handed_over
from orch.orchestrators.github.reduction import reduced_needs
from orch.stacks.settings import Settings
from orch.workflow import expressions
from orch.workflow.expressions import Context, Equal, Expression, Literal, Member, Not, from_json, interpolate, need_skipped, need_succeeded
from orch.workflow.model import ActionRef, Job, Permission, Strategy, Uses
from orch.workflow.scalars import OneLine

LEGS: Final = "legs"  # the output of a job, and the input of our action
LEGS_MINUTES: Final = 10
_LONGEST: Final = 360  # minutes: what a job on one of GitHub's own runners may take
_NONE: Final = Literal("[]")


class FanOut:
    """`has_plan`: a plan job stands before all others. `narrowed` are the mapped steps of which it may say that some legs need not run."""

    def __init__(self, graph: Graph, *, has_plan: bool, narrowed: Collection[str] = ()) -> None:
        self.graph = graph
        self.steps = graph.by_id
        self.has_plan = has_plan
        self._narrowed = frozenset(narrowed)
        self._roots = {step.id: roots(self.steps, step) for step in graph.steps if step.fan}
        self._telling = {root for needed in self._roots.values() for root in needed}

    @property
    def may_skip(self) -> bool:
        """Whether jobs are skipped though nothing went wrong: those of mapped steps that find nothing to map over."""
        return any(self._roots.values())

    # --- what stands before what ---

    def needs(self) -> dict[str, tuple[str, ...]]:
        """The jobs before each step's own, besides the plan job."""
        reduced = reduced_needs(self.graph)
        found: dict[str, tuple[str, ...]] = {}
        for step in topological(self.graph):
            before = (name for need in reduced[step.id] for name in (found[need] if self.is_empty(self.steps[need]) else (need,)))
            counters = (counter for counter in self.counters(step) if counter != PLAN_JOB)
            found[step.id] = tuple(dict.fromkeys((*before, *counters)))
        return found

    def condition(self, step: Step) -> Condition:
        """When it may start; of a step without a job, that step's own condition is in its place."""
        return self._stand_in(step.condition)

    def _stand_in(self, condition: Condition) -> Condition:
        match condition:
            case Succeeded(step) if self.is_empty(self.steps[step]):
                return self.condition(self.steps[step])
            case Passed(step) if self.is_empty(self.steps[step]):  # whatever its own condition says
                return And(tuple(self._stand_in(Passed(need)) for need in self.steps[step].needs))
            case And(terms):
                return all_of(*map(self._stand_in, terms))
            case Or(terms):
                return any_of(*map(self._stand_in, terms))
            case _:
                return condition

    def empty(self, step: Step) -> dict[str, Expression]:
        """Of the mapped steps that `step` waits for, when they had nothing to map over."""
        return {need: said for need in step.needs if (said := self.was_empty(self.steps[need])) is not None}

    # --- who counts ---

    def has_counting_job(self, step: Step) -> bool:
        """Whether the legs of `step` are counted by a job of their own, because they hang on what several jobs made."""
        return step.fan is not None and self.counter(step) == legs_job(step.id)

    def counter(self, step: Step) -> str:
        """The job that says how many legs a mapped step has; empty where the graph does."""
        needed = self._roots[step.id]
        if len(needed) == 1 and (needed[0] != PARAMETERS or self.has_plan):
            return needed[0] or PLAN_JOB
        return legs_job(step.id) if needed else ""

    def tells(self, step: Step) -> bool:
        """Whether the job of `step` counts legs of others."""
        return step.id in self._telling

    def is_empty(self, step: Step) -> bool:
        """Whether the graph says that there is nothing to map over: such a step has no job."""
        known = fixed(self.steps, step) if step.fan else None
        return known is not None and known["items"] == 0

    # --- the job of a mapped step ---

    def strategy(self, step: Step) -> Strategy:
        assert step.fan is not None
        known = None if step.id in self._narrowed else fixed(self.steps, step)
        # act looks at the matrix of a job that it does not start, too, as below one that failed: then nobody has counted.
        said = Member(Member(from_json(expressions.Or((self._table(step), Literal("{}")))), step.id), "jobs")
        indices = known["jobs"] if known else interpolate(from_json(expressions.Or((said, _NONE))))
        return Strategy({"leg": OneLine(canonical.loads(indices)) if known else indices}, step.fan.max_parallel)

    def guard(self, step: Step) -> tuple[Expression, ...]:
        """Beside the other conditions of a mapped step."""
        counter = self.counter(step) if step.fan else ""
        if not counter and step.id not in self._narrowed:
            return ()
        counted = (need_succeeded(counter),) if counter == legs_job(step.id) else ()
        return (*counted, Not(Equal(Member(self._said_of(step), "jobs"), _NONE)))

    def minutes(self, step: Step, each: int) -> int | str:
        """When a job of the step ends at the latest. It may have several legs, and of how many at times only the run knows."""
        if step.fan is None:
            return each
        if known := fixed(self.steps, step):
            return min(each * per_job(known["items"]), max(each, _LONGEST))
        is_one = Equal(Member(self._said_of(step), "each"), Literal(1))
        return interpolate(expressions.Or((expressions.And((is_one, Literal(each))), Literal(max(each, _LONGEST)))))

    # --- who reads what was mapped ---

    def mapped_producers(self, step: Step) -> tuple[Step, ...]:
        return tuple(self.steps[name] for name in step.producers if self.steps[name].fan)

    def counters(self, step: Step) -> tuple[str, ...]:
        """The jobs that the job of `step` has to hear, about its own legs and about why those of others were skipped."""
        waited = [self.steps[need] for need in step.needs if self.steps[need].fan]
        jobs = [self.counter(each) for each in (*([step] if step.fan else []), *waited)]
        asked = (each for other in waited if self.counter(other) for each in other.asked)
        return tuple(dict.fromkeys(job for job in (*jobs, *asked) if job))

    def was_empty(self, producer: Step) -> Expression | None:
        """What is true where the job of a mapped step was skipped for want of items."""
        if not producer.fan or not self.counter(producer):
            return None
        said = Member(from_json(expressions.Or((self._table(producer), Literal("{}")))), producer.id)
        wanted = (to_expression(producer.when, planned=self.has_plan),) if producer.when else ()  # else it was skipped by choice
        return all_true(need_skipped(producer.id), Equal(Member(said, "jobs"), _NONE), *wanted)

    def inputs(self, step: Step) -> dict[str, str]:
        """What our action is told in the job of `step`."""
        told: dict[str, str] = {}
        if step.fan:
            told["leg"] = interpolate(Context(("matrix", "leg")))
        tables = dict.fromkeys(
            interpolate(self._table(each)) for each in (*([step] if step.fan else []), *self.mapped_producers(step)) if self.counter(each)
        )
        return told | ({LEGS: "\n".join(tables)} if tables else {})

    def pattern(self, step: Step) -> list[str]:
        """The artifacts that the job of `step` downloads, as our action names them: of a mapped step those of all legs, or of its own."""
        found: dict[str, str] = {}
        beside = set(step.fan.over) if step.fan and not step.fan.product else set()
        for name, binding in step.inputs:
            for ref in references(binding):
                if isinstance(ref, OutputRef):
                    is_own = name in beside and isinstance(binding, OutputRef)
                    one = f"{ref.step}.{interpolate(Context(('matrix', 'leg')))}" if is_own else f"{ref.step}.*"
                    kept = found.get(ref.step)
                    found[ref.step] = ref.step if not self.steps[ref.step].fan else one if kept in (None, one) else f"{ref.step}.*"
        return [found[producer] for producer in sorted(found)]

    def tables_of_roots(self, step: Step) -> str:
        """What the job that counts the legs of `step` is told: one table a line."""
        return "\n".join(interpolate(self._told_by(root)) for root in roots(self.steps, step) if root != PARAMETERS)

    def _said_of(self, step: Step) -> Expression:
        return Member(from_json(self._table(step)), step.id)

    def _table(self, step: Step) -> Expression:
        """The one that tells of a mapped step. Where the plan knows its legs, the plan does: which of them earlier runs have made, too."""
        counter = self.counter(step)
        if step.id not in self._narrowed or counter == PLAN_JOB:
            return self._told_by(counter)
        of_plan = Context(("needs", PLAN_JOB, "outputs", LEGS))
        if counter != legs_job(step.id):
            return self._told_by(counter) if counter else of_plan
        # That job is skipped where all legs are cached, and counts them again where some are.
        return expressions.Or((expressions.And((Member(from_json(of_plan), step.id), of_plan)), self._told_by(counter)))

    def _told_by(self, counter: str) -> Expression:
        """The table of one that counts: of a step, which the plan may take from an earlier run, or of a job that does nothing else."""
        table = Context(("needs", counter, "outputs", LEGS))
        if counter not in self.steps or not self.has_plan:
            return table
        return unless_cached(counter, table, Context(("needs", PLAN_JOB, "outputs", LEGS)))


def legs_job_of(fans: FanOut, step: Step, settings: Settings, checkout: Uses, action: ActionRef) -> Job:
    """The job that counts the legs of `step`, which hang on what several other jobs made."""
    needed = roots(fans.steps, step)
    needs = tuple(root for root in needed if root != PARAMETERS)
    inputs = {"pipeline": fans.graph.pipeline, "step": step.id}
    if needs:
        inputs[LEGS] = fans.tables_of_roots(step)
    if PARAMETERS in needed:
        inputs |= handed_over(fans.graph)
    plan = (PLAN_JOB,) if fans.has_plan else ()
    return Job(
        name=f"{step.id} / legs",
        permissions=(Permission("contents"),),
        needs=(*plan, *needs),
        condition=job_condition(all_of(*map(Succeeded, needs)), (*plan, *needs), planned=step.id if plan else ""),
        runs_on=settings.result_runner,
        steps=(checkout, Uses(action.within("actions/legs"), inputs, name="Count the legs", id="legs")),
        outputs={LEGS: interpolate(Context(("steps", "legs", "outputs", LEGS)))},
        timeout_minutes=LEGS_MINUTES,
    )


def check_fans(graph: Graph) -> Iterator[OrchError]:
    """What no matrix can do."""
    for step in graph.steps:
        if step.fan and any(isinstance(binding, Choice) for binding in mapped_over(step)):
            message = f"step {step.id!r} maps over what one of several steps made, which workflows cannot do"
            yield UnsupportedError(message, hint="pass it through a step that returns the list")


def told_of(graph: Graph, step: Step) -> str:
    """How many legs a mapped step has, as far as the graph says it, for people."""
    known = fixed(graph.by_id, step)
    return items(known["items"]) if known else "as many items as the run finds"
