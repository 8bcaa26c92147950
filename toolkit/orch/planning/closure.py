"""What can be reached from each node of a graph that may have cycles, as sets of bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def closures(edges: Sequence[int]) -> list[int]:
    """For each node the bits of all that it reaches, its own among them. Tarjan's algorithm, without recursion."""
    reached = [0] * len(edges)
    number = [0] * len(edges)  # in order of discovery, from 1
    low = [0] * len(edges)
    path: list[int] = []
    is_on_path = [False] * len(edges)
    count = 0
    for start in range(len(edges)):
        if number[start]:
            continue
        calls = [(start, bits(edges[start]))]
        count += 1
        number[start] = low[start] = count
        path.append(start)
        is_on_path[start] = True
        while calls:
            node, following = calls[-1]
            for target in following:
                if not number[target]:
                    count += 1
                    number[target] = low[target] = count
                    path.append(target)
                    is_on_path[target] = True
                    calls.append((target, bits(edges[target])))
                    break
                if is_on_path[target]:
                    low[node] = min(low[node], number[target])
            else:
                calls.pop()
                if calls:
                    low[calls[-1][0]] = min(low[calls[-1][0]], low[node])
                if low[node] == number[node]:
                    _close(path, node, edges, reached, is_on_path)
    return reached


def _close(path: list[int], first: int, edges: Sequence[int], reached: list[int], is_on_path: list[bool]) -> None:
    """The nodes of one cycle reach the same: themselves, and all that their targets outside of it reach."""
    place = path.index(first) if path[-1] != first else len(path) - 1
    cycle = path[place:]
    del path[place:]
    found = 0
    for node in cycle:
        is_on_path[node] = False
        found |= 1 << node | edges[node]
    outside = found
    for node in cycle:
        outside &= ~(1 << node)
    for target in bits(outside):
        found |= reached[target]
    for node in cycle:
        reached[node] = found


def bits(mask: int) -> Iterator[int]:
    """The positions of the bits that are set, from the lowest."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def union(masks: Sequence[int], chosen: int) -> int:
    """What the `chosen` ones have together."""
    found = 0
    for each in bits(chosen):
        found |= masks[each]
    return found
