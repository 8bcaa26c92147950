"""Which edges a workflow needs: those that no path replaces.

GitHub refuses graphs with too many edges, and people read fewer more easily. A data edge falls only where a path of
data edges replaces it: a step may be skipped by choice, and only a reader of its outputs is skipped with it. An edge that only
orders falls where a step between must have succeeded: then all that stands before that one is done, and nothing there went wrong. Of a
map over nothing only the steps that made its lists are known to have ended well: its job was skipped, whatever else it waited for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from orch.model.graph import Graph, topological
from orch.model.matrix import fixed, mapped_over, roots
from orch.model.steps import OutputRef, Step, alternatives


def skippable(graph: Graph) -> frozenset[str]:
    """The steps that a condition may skip: their own, or one above them."""
    if all(step.when is None for step in graph.steps):
        return frozenset()
    found: set[str] = set()
    for step in topological(graph):
        ways = [[ref.step for ref in way] for _, binding in step.inputs for way in alternatives(binding)]
        if step.when is not None or any(found.issuperset(way) for way in ways):
            found.add(step.id)
    return frozenset(found)


def either(step: Step) -> tuple[str, ...]:
    """The steps of all its `either`s, also those whose outputs it wants in any case."""
    return tuple(dict.fromkeys(ref.step for _, binding in step.inputs for way in alternatives(binding) if len(way) > 1 for ref in way))


def accepted(step: Step, may_be_skipped: Collection[str]) -> tuple[str, ...]:
    """The steps that `step` waits for and that it may run without: those of an `either`, and skipped ones that it only comes after."""
    choices = step.choices
    if not choices and not may_be_skipped:
        return ()
    required = {*step.producers, *step.asked}
    return tuple(need for need in step.needs if need in choices or (need in may_be_skipped and need not in required))


def may_be_empty(graph: Graph) -> dict[str, tuple[str, ...]]:
    """The mapped steps whose jobs are skipped where the run finds nothing to map over, each with the steps whose success that proves."""
    steps = graph.by_id
    mapped = (step for step in graph.steps if step.fan and fixed(steps, step) is None)
    return {step.id: tuple(root for root in roots(steps, step) if root in steps) for step in mapped}


def empty_with(steps: Mapping[str, Step], step: Step) -> set[str]:
    """The mapped steps that have nothing to map over where `step` has nothing: lists side by side are of one length."""
    if step.fan is None or (step.fan.product and len(step.fan.over) > 1):
        return set()
    over = {binding.step for binding in mapped_over(step) if isinstance(binding, OutputRef) and steps[binding.step].fan}
    return over.union(*(empty_with(steps, steps[each]) for each in over))


def reduced_needs(graph: Graph) -> dict[str, tuple[str, ...]]:
    """For each step its `needs` without those that other steps between already stand for, in the order of `needs`."""
    bit = {step.id: 1 << position for position, step in enumerate(graph.steps)}
    may_be_skipped = skippable(graph)
    emptied = may_be_empty(graph)

    def proven(need: str, behind: dict[str, int]) -> int:
        """What has ended well where a job may go on after `need`, besides `need` itself."""
        if need not in emptied:
            return behind[need]
        found = 0
        for root in emptied[need]:
            found |= behind[root] | bit[root]
        return found

    # Sets of steps as the bits of one int: a chain of thousands costs milliseconds.
    behind: dict[str, int] = {}  # all steps that lead here
    behind_by_data: dict[str, int] = {}  # those that lead here by data edges alone
    kept: dict[str, tuple[str, ...]] = {}
    for step in topological(graph):
        needs, loose = step.needs, accepted(step, may_be_skipped)
        # Of what is compared the job itself tells, and of an `either` it hears which ran.
        direct = {*step.asked, *either(step)}
        data = [need for need in dict.fromkeys((*step.producers, *step.asked)) if need not in loose]
        through = through_data = own = own_data = 0
        for need in needs:
            through |= proven(need, behind) if need not in loose else 0
            own |= behind[need] | bit[need]
        for producer in data:
            through_data |= proven(producer, behind_by_data)
            own_data |= bit[producer]
        behind[step.id] = own
        behind_by_data[step.id] = through_data | own_data
        kept[step.id] = tuple(
            need for need in needs if need in direct or not bit[need] & (through_data if bit[need] & own_data else through)
        )
    return kept
