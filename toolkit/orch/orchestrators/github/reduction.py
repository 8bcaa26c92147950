"""Which edges a workflow needs: those that no path replaces.

GitHub refuses graphs with too many edges, and people read fewer more easily. A data edge falls only where a path of
data edges replaces it: a step may be skipped by choice, and only a reader of its outputs is skipped with it.
"""

from __future__ import annotations

from orch.model.graph import Graph, topological


def reduced_needs(graph: Graph) -> dict[str, tuple[str, ...]]:
    """For each step its `needs` without those that other steps between already stand for, in the order of `needs`."""
    bit = {step.id: 1 << position for position, step in enumerate(graph.steps)}
    # Sets of steps as the bits of one int: a chain of thousands costs milliseconds.
    behind: dict[str, int] = {}  # all steps that lead here
    behind_by_data: dict[str, int] = {}  # those that lead here by data edges alone
    kept: dict[str, tuple[str, ...]] = {}
    for step in topological(graph):
        choices, needs = step.choices, step.needs
        # What an `either` takes may have been skipped, so nothing follows from its end; and of what is compared the job itself tells.
        producers = [need for need in dict.fromkeys((*step.producers, *step.asked)) if need not in choices]
        direct = {*choices, *step.asked}
        through = through_data = own = own_data = 0
        for need in needs:
            through |= behind[need]
            own |= bit[need]
        for producer in producers:
            through_data |= behind_by_data[producer]
            own_data |= bit[producer]
        behind[step.id] = through | own
        behind_by_data[step.id] = through_data | own_data
        kept[step.id] = tuple(
            need for need in needs if need in direct or not bit[need] & (through_data if bit[need] & own_data else through)
        )
    return kept
