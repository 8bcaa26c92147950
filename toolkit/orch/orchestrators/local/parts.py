"""A part of a pipeline: some of its steps, on what the last runs left of the steps that they read from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from orch.errors import OrchError, UsageError, raise_problems
from orch.model.bindings import alternatives
from orch.model.canonical import Json
from orch.model.conditions import leaves
from orch.model.fan import index_of, leg_id, step_of
from orch.model.flags import flags_from, leaves_of, name_of
from orch.model.flags import told as condition_told
from orch.model.graph import Graph, OutputRef, Step, topological
from orch.model.records import StepRecord
from orch.model.runs import RunRecord
from orch.model.states import State
from orch.orchestrators.local.history import newest_first
from orch.orchestrators.local.home import Home
from orch.orchestrators.local.shared import Shared
from orch.stores.local import LocalStore


@dataclass(frozen=True, slots=True)
class Part:
    """`graph` has the steps to run, and before them those that they read from, of which nothing is left but the outputs read.

    Of the mapped steps in `legs` only those legs run.
    """

    graph: Graph
    steps: tuple[str, ...]
    legs: Mapping[str, frozenset[int]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """What runs, as on a command line."""
        legs = {step: [leg_id(step, index) for index in sorted(found)] for step, found in self.legs.items()}
        return tuple(name for step in self.steps for name in legs.get(step, [step]))

    @property
    def reference(self) -> str:
        """How the pipeline is named on a command line, from the project's root."""
        return f"{self.graph.source.rpartition(':')[0]}:{self.graph.pipeline}"

    @property
    def producers(self) -> tuple[Step, ...]:
        return tuple(step for step in self.graph.steps if step.id not in self.steps)


def part_of(graph: Graph, steps: Iterable[str]) -> Part:
    """The part of `graph` in which `steps` run, or single legs of mapped ones, as `train.3`; raises UsageErrors."""
    named = set(steps)
    single = {name for name in named if index_of(name) is not None and step_of(name) in graph.mapped}
    chosen = _known(graph, (named - single) | set(map(step_of, single)))
    legs: dict[str, frozenset[int]] = {}
    for name in single:
        if (index := index_of(name)) is not None and step_of(name) not in named:
            legs[step_of(name)] = legs.get(step_of(name), frozenset()) | {index}
    raise_problems(_readers(graph, chosen, legs))
    read = {ref for step in graph.steps if step.id in chosen for ref in (*step.references, *_compared(step)) if isinstance(ref, OutputRef)}
    kept: list[Step] = []
    for step in graph.steps:
        if step.id in chosen:
            kept.append(replace(step, after=tuple(need for need in step.after if need in chosen)))
        elif outputs := tuple(output for output in step.outputs if OutputRef(step.id, output.name) in read):
            kept.append(Step(step.id, step.source, outputs=outputs))
    ids = tuple(step.id for step in graph.steps if step.id in chosen)
    return Part(replace(graph, steps=tuple(kept), notices=(), packs=()), ids, legs)


def _readers(graph: Graph, chosen: Collection[str], legs: Collection[str]) -> Iterator[OrchError]:
    for step in graph.steps:
        if step.id in chosen and (read := [name for name in step.producers if name in legs]):
            message = f"step {step.id!r} reads all legs of {read[0]!r}, of which --step names some"
            yield UsageError(message, hint=f"run it afterwards, or name --step {read[0]}")


def _compared(step: Step) -> Iterator[OutputRef]:
    """The outputs that its condition is about."""
    for leaf in leaves(step.when) if step.when else ():
        yield from (ref for ref in (leaf.left, leaf.right) if isinstance(ref, OutputRef))


def part_from(graph: Graph, first: str) -> Part:
    """`first` and every step below it."""
    below = _known(graph, [first])
    for step in topological(graph):
        if not below.isdisjoint(step.needs):
            below.add(step.id)
    return part_of(graph, below)


def _known(graph: Graph, steps: Iterable[str]) -> set[str]:
    chosen = set(steps)
    problems: list[OrchError] = []
    for name in sorted(chosen - graph.by_id.keys()):
        near = get_close_matches(name, graph.by_id, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"its steps are {', '.join(graph.by_id)}"
        problems.append(UsageError(f"pipeline {graph.pipeline!r} has no step {name!r}", hint=hint))
    raise_problems(problems)
    return chosen


def last_results(
    part: Part, home: Home, shared: Shared | None = None, *, may_unpickle: bool = True, parameters: Mapping[str, Json] | None = None
) -> dict[str, StepRecord]:
    """For each step that the part reads from, its end in the newest run that has the outputs; raises UsageErrors.

    Of the steps of an `either`, those that ran in the newest run in which one of them did: another run took another branch.
    """
    found: dict[str, StepRecord] = {}
    missing = {step.id: step for step in part.producers}
    branches = {branch: way for way in _ways(part) for branch in way}
    for record in newest_first(home, part.graph.pipeline) if missing else ():
        for way in dict.fromkeys(branches.values()):
            ran = {told.step: told for told in record.steps if told.step in way and told.state.has_outputs}
            if ran:
                found |= {name: _taken(missing.pop(name), told, record) for name, told in ran.items() if name in missing}
                found |= {name: _not_taken(name, record) for name in way if missing.pop(name, None)}
                branches = {branch: other for branch, other in branches.items() if other != way}
        for told in record.steps:
            step = missing.get(told.step) if told.step not in branches else None
            if step is not None and all(output.name in told.outputs for output in step.outputs):
                found[step.id] = _taken(step, told, record)
                del missing[step.id]
        if not missing:
            break
    if not missing:
        raise_problems(_untold(part, found, parameters or {}))
    refused = () if may_unpickle else _pickled(part, found)
    raise_problems([*_absent(part, missing), *refused, *_lost(part, found, shared or Shared(LocalStore(home.store)))])
    return found


def _untold(part: Part, found: Mapping[str, StepRecord], parameters: Mapping[str, Json]) -> Iterator[OrchError]:
    for name, asked in leaves_of(part.graph.steps).items():
        if name in found:
            told_of = flags_from(asked, parameters, found[name].flags, found[name].outputs)
            for leaf in asked:
                if name_of(leaf) not in told_of:
                    message = f"the result of {name!r} in run {found[name].cached_from!r} does not tell whether {condition_told(leaf)}"
                    yield UsageError(message, hint=f"orch run {part.reference} --from {name}")


def _ways(part: Part) -> list[tuple[str, ...]]:
    """The steps outside of the part that steps in it read from only if they ran, as each `either` names them."""
    found: list[tuple[str, ...]] = []
    read = {
        ref.step for step in part.graph.steps for _, binding in step.inputs for way in alternatives(binding) if len(way) == 1 for ref in way
    }
    asked = {name for step in part.graph.steps for name in step.asked}
    for step in part.graph.steps:
        for way in (way for _, binding in step.inputs for way in alternatives(binding) if len(way) > 1):
            outside = tuple(dict.fromkeys(ref.step for ref in way if ref.step not in {*part.steps, *read, *asked}))
            found += [outside] if outside else []
    return found


def _not_taken(name: str, record: RunRecord) -> StepRecord:
    return StepRecord(name, State.SKIPPED, reason=f"not in this part: it did not run in run {record.info.run}")


def _taken(step: Step, told: StepRecord, record: RunRecord) -> StepRecord:
    run = record.info.run
    return StepRecord(
        step=step.id,
        state=State.CACHED,
        outputs={output.name: told.outputs[output.name] for output in step.outputs},
        metadata=told.metadata,
        reason=f"not in this part: as in run {run}",
        cached_from=told.cached_from or run,
        flags=told.flags,
    )


def _absent(part: Part, missing: Iterable[str]) -> Iterator[OrchError]:
    for name in missing:
        readers = [step.id for step in part.graph.steps if name in step.producers]
        message = f"step {readers[0]!r} reads from {name!r}, and no run on this machine has left its outputs"
        yield UsageError(message, hint=f"orch run {part.reference} --step {name}")


def _pickled(part: Part, found: dict[str, StepRecord]) -> Iterator[OrchError]:
    for name, record in found.items():
        if any(artifact.pickled for artifact in record.outputs.values()):
            message = f"the outputs of {name!r} in run {record.cached_from!r} are a pickle, and orch.yaml says `pickle: forbid`"
            yield UsageError(message, hint=f"orch run {part.reference} --step {name}")


def _lost(part: Part, found: dict[str, StepRecord], shared: Shared) -> Iterator[OrchError]:
    for name, record in found.items():
        if not shared.has(record.outputs.values()):
            message = f"the outputs of {name!r} in run {record.cached_from!r} are not in the store any more"
            yield UsageError(message, hint=f"orch run {part.reference} --step {name}")
