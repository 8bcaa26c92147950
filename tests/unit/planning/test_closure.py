"""What can be reached in a graph with cycles."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orch.planning.closure import bits, closures, union


def reached(edges: list[set[int]], start: int) -> set[int]:
    found: set[int] = set()
    waiting = [start]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(edges[node])
    return found


@given(data=st.data(), count=st.integers(0, 12))
def test_each_node_reaches_what_walking_finds(data: st.DataObject, count: int) -> None:
    edges = [data.draw(st.sets(st.integers(0, count - 1), max_size=3)) for _ in range(count)]
    found = closures([sum(1 << target for target in targets) for targets in edges])

    assert [set(bits(mask)) for mask in found] == [reached(edges, start) for start in range(count)]


def test_a_long_chain_is_no_trouble() -> None:
    found = closures([1 << number + 1 for number in range(5000)] + [1])

    assert found[0] == found[2500] == (1 << 5001) - 1


@given(masks=st.lists(st.integers(0, 255), max_size=8), chosen=st.integers(0, 255))
def test_a_union_has_what_any_of_the_chosen_has(masks: list[int], chosen: int) -> None:
    chosen &= (1 << len(masks)) - 1

    assert set(bits(union(masks, chosen))) == {bit for number in bits(chosen) for bit in bits(masks[number])}
