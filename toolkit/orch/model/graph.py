"""The traced pipeline: frozen, checked when it is made, the same bytes on every machine.

It holds the pipeline's meaning and nothing else: no source hash, line number, absolute path or runtime type path, so
that a comment or a step's body can change without changing it. Steps are found again as `file:function`, relative to
the project root; values are plain data; code is never pickled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from orch.errors import CycleError, DuplicateStepError, GraphError, OrchError, UnknownStepError, raise_problems
from orch.model import canonical
from orch.model.canonical import Json
from orch.model.concurrency import Concurrency
from orch.model.graph_file import SCHEMA, check_graph
from orch.model.legs import check_fan
from orch.model.notices import Notice, check_notices
from orch.model.parameters import Parameter
from orch.model.settings import ExecutionMode
from orch.model.steps import Binding, Choice, Item, Output, OutputRef, ParameterRef, Sequence, Step, Table, Value
from orch.model.triggers import Trigger, trigger_from_json
from orch.names import output_name_problem, pipeline_name_problem, step_id_problem

# The graph and what it is made of, from one place.
__all__ = ["Binding", "Choice", "Graph", "Item", "Output", "OutputRef", "ParameterRef", "Sequence", "Step", "Table", "Value"]


@dataclass(frozen=True)
class Graph:
    """A pipeline as data. `project` is the project root from the git root, `source` is `path/in/project.py:function`. The steps of each of
    its `packs` share a job of the workflow, whose id is that of the first.

    Raises `GraphError`s (all of them at once) where the steps do not form a valid graph.
    """

    pipeline: str
    source: str
    steps: tuple[Step, ...]
    parameters: tuple[Parameter, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    project: str = "."
    requirements: str | None = None
    python: str | None = None
    execution_mode: ExecutionMode = ExecutionMode.CONTINUE_ON_FAILURE
    concurrency: Concurrency | None = None
    notices: tuple[Notice, ...] = ()
    github: Mapping[str, Json] = field(default_factory=dict)  # keys of the compiled workflow, besides orch's own
    packs: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        raise_problems(check(self))

    def __getitem__(self, step_id: str) -> Step:
        return self.by_id[step_id]

    @cached_property
    def by_id(self) -> Mapping[str, Step]:
        return {step.id: step for step in self.steps}

    @property
    def outputs_read(self) -> frozenset[OutputRef]:
        """The outputs that some step reads; the others are what the pipeline is for."""
        return frozenset(ref for step in self.steps for ref in step.references if isinstance(ref, OutputRef))

    @cached_property
    def mapped(self) -> frozenset[str]:
        """The ids of the steps that run once for each item of something."""
        return frozenset(step.id for step in self.steps if step.fan)

    @property
    def choosers(self) -> tuple[str, ...]:
        """The parameters that choose what steps deploy to."""
        return tuple(dict.fromkeys(step.settings.deploys_by for step in self.steps if step.settings.deploys_by is not None))

    @cached_property
    def job_of(self) -> Mapping[str, str]:
        """The id of each step's job in the workflow."""
        heads = {step: pack[0] for pack in self.packs for step in pack}
        return {step.id: heads.get(step.id, step.id) for step in self.steps}

    def parameter(self, name: str) -> Parameter:
        return next(parameter for parameter in self.parameters if parameter.name == name)

    def to_json(self) -> Json:
        data: dict[str, Json] = {
            "schema": SCHEMA,
            "pipeline": self.pipeline,
            "source": self.source,
            "project": self.project,
            "parameters": [parameter.to_json() for parameter in self.parameters],
            "triggers": [trigger.to_json() for trigger in self.triggers],
            "steps": [step.to_json() for step in self.steps],
        }
        if self.requirements is not None:
            data["requirements"] = self.requirements
        if self.python is not None:
            data["python"] = self.python
        if self.execution_mode is not ExecutionMode.CONTINUE_ON_FAILURE:
            data["execution_mode"] = str(self.execution_mode)
        if self.concurrency is not None:
            data["concurrency"] = self.concurrency.to_json()
        if self.notices:
            data["notices"] = [notice.to_json() for notice in self.notices]
        if self.github:
            data["github"] = dict(self.github)
        if self.packs:
            data["packs"] = [list(pack) for pack in self.packs]
        return data

    def text(self) -> str:
        """The graph file: canonical JSON, indented for review."""
        return canonical.pretty(self.to_json())

    @classmethod
    def from_json(cls, data: Json) -> Graph:
        check_graph(data)
        try:
            return cls(
                pipeline=data["pipeline"],
                source=data["source"],
                steps=tuple(Step.from_json(step) for step in data["steps"]),
                parameters=tuple(Parameter.from_json(parameter) for parameter in data["parameters"]),
                triggers=tuple(trigger_from_json(trigger) for trigger in data["triggers"]),
                project=data["project"],
                requirements=data.get("requirements"),
                python=data.get("python"),
                execution_mode=ExecutionMode(data.get("execution_mode", ExecutionMode.CONTINUE_ON_FAILURE)),
                concurrency=Concurrency.from_json(data["concurrency"]) if "concurrency" in data else None,
                notices=tuple(Notice.from_json(notice) for notice in data.get("notices", ())),
                github=data.get("github", {}),
                packs=tuple(tuple(pack) for pack in data.get("packs", ())),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise GraphError(f"this is not a graph of schema {SCHEMA}: {type(error).__name__}: {error}") from error


def check(graph: Graph) -> list[OrchError]:
    """Every rule that the steps of `graph` break."""
    problems: list[OrchError] = []
    if problem := pipeline_name_problem(graph.pipeline):
        problems.append(GraphError(f"pipeline name {problem}", hint="@pipeline(name=...)"))
    if not graph.steps:
        problems.append(GraphError(f"pipeline {graph.pipeline!r} has no steps", hint="call a @step in it"))
    problems += _check_ids(graph)
    problems += _check_outputs(graph)
    problems += check_notices(graph.notices, [step.id for step in graph.steps])
    problems += _check_references(graph)
    problems += _check_packs(graph)
    problems += [problem for step in graph.steps for problem in check_fan(step)]
    problems += [problem for step in graph.steps if step.when for problem in _check_condition(step, graph)]
    if not problems and (cycle := find_cycle(graph.steps)):
        message = f"steps wait for each other: {' -> '.join(map(repr, cycle))}"
        problems.append(CycleError(message, hint="remove one of these, as an after= that is not needed", step=cycle[0]))
    return problems


def _check_outputs(graph: Graph) -> Iterator[OrchError]:
    for step in graph.steps:
        names = [output.name for output in step.outputs]
        for name in names:
            if problem := output_name_problem(name):
                yield GraphError(f"step {step.id!r}: {problem}", hint='name it with Annotated[T, "name"]', step=step.id)
        lower = [name.lower() for name in names]  # as folders and outputs of a job, they are one where case does not count
        if twice := {name for name in names if lower.count(name.lower()) > 1}:
            hint = 'name each with Annotated[T, "name"]'
            yield GraphError(f"step {step.id!r} has two outputs named {min(twice)!r}", hint=hint, step=step.id)


def _check_ids(graph: Graph) -> Iterator[OrchError]:
    seen: set[str] = set()
    for step in graph.steps:
        if problem := step_id_problem(step.id):
            yield GraphError(f"step id {problem}", hint="give it a name with id=", step=step.id)
        # GitHub compares job ids without regard to case: `Load` and `load` would be one job.
        if step.id.lower() in seen:
            yield DuplicateStepError(f"two steps have the id {step.id!r}", hint="give one of them another with id=", step=step.id)
        seen.add(step.id.lower())


def _check_packs(graph: Graph) -> Iterator[OrchError]:
    known = {step.id for step in graph.steps}
    seen: set[str] = set()
    for pack in graph.packs:
        if len(pack) < 2 or not seen.isdisjoint(pack) or len(set(pack)) < len(pack) or not known.issuperset(pack):
            hint = "`orch compile --pack none` undoes packs that nobody named"
            yield GraphError(f"{list(pack)!r} is no pack: two or more steps, each in one pack only", hint=hint)
        seen.update(pack)


def _check_references(graph: Graph) -> Iterator[OrchError]:
    outputs = {step.id: {output.name for output in step.outputs} for step in graph.steps}
    parameters = {parameter.name for parameter in graph.parameters}
    known = ", ".join(outputs)
    for step in graph.steps:
        for ref in step.references:
            if isinstance(ref, ParameterRef):
                if ref.name not in parameters:
                    yield UnknownStepError(f"step {step.id!r} reads the parameter {ref.name!r}, which does not exist")
            elif ref.step not in outputs:
                yield UnknownStepError(f"step {step.id!r} reads from {ref.step!r}, which does not exist", hint=f"steps are {known}")
            elif ref.output not in outputs[ref.step]:
                yield UnknownStepError(f"step {step.id!r} reads {ref.output!r} of {ref.step!r}, which has no such output")
        for name in step.after:
            if name not in outputs:
                yield UnknownStepError(f"step {step.id!r} comes after {name!r}, which does not exist", hint=f"steps are {known}")


def _check_condition(step: Step, graph: Graph) -> Iterator[OrchError]:
    from orch.model.condition_checks import check_condition  # few pipelines have conditions

    return check_condition(step, graph.by_id, {parameter.name for parameter in graph.parameters})


def find_cycle(steps: tuple[Step, ...]) -> list[str] | None:
    """A cycle from its first step in call order, as `[a, b, a]`, or None; without recursion, for long chains."""
    needs = {step.id: step.needs for step in steps}
    done: set[str] = set()
    for start in needs:
        path: list[str] = []
        on_path: set[str] = set()
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            step, leaving = stack.pop()
            if leaving:
                on_path.discard(path.pop())
                done.add(step)
            elif step in on_path:
                return [*path[path.index(step) :], step]
            elif step not in done:
                path.append(step)
                on_path.add(step)
                stack.append((step, True))
                stack.extend((need, False) for need in reversed(needs[step]))
    return None


def topological(graph: Graph) -> list[Step]:
    """The steps so that each comes after its needs; those of a graph that is in such an order stay in it."""
    order: list[Step] = []
    placed: set[str] = set()
    for start in graph.steps:
        stack = [start]
        while stack:
            step = stack[-1]
            waiting = [need for need in step.needs if need not in placed]
            if waiting:
                stack.extend(graph[need] for need in waiting)
                continue
            stack.pop()
            if step.id not in placed:
                placed.add(step.id)
                order.append(step)
    return order
