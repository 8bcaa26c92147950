"""Which steps share a job, and which never do."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from orch.planning.cost import Machine, bill
from orch.planning.packing import Packable, pack_steps, packed_jobs, problems_of

LINUX = Machine("ubuntu-24.04", 0.006, queue=9, setup=10)
HOUR = 3600.0


def a_step(name: str, *needs: str, seconds: float = 5, kind: object = "plain", longest: float = 60, cores: int = 4) -> Packable:
    return Packable(name, needs, kind, LINUX, seconds, longest, cores)


def packs(*steps: Packable, limit: float = HOUR) -> list[str]:
    return [" ".join(pack) for pack in pack_steps(steps, limit=limit)]


def test_cheap_neighbours_share_a_job() -> None:
    assert packs(a_step("a"), a_step("b", "a"), a_step("c", "b")) == ["a b c"]


def test_siblings_that_the_same_steps_wait_for_share_a_job_with_what_is_around_them() -> None:
    assert packs(a_step("load"), a_step("one", "load"), a_step("two", "load"), a_step("join", "one", "two")) == ["load one two join"]


def test_steps_that_differ_in_what_their_job_needs_do_not() -> None:
    assert packs(a_step("a"), a_step("b", "a", kind="with a secret")) == []
    assert packs(a_step("a", kind=None), a_step("b", "a", kind=None)) == []


def test_a_step_that_would_not_run_where_another_fails_keeps_them_apart() -> None:
    """`c` needs `a` alone: in a job with `b`, a failure of `b` would be one of the job that `c` waits for."""
    steps = (a_step("a", cores=1), a_step("b", cores=1), a_step("c", "a", seconds=600, cores=1), a_step("d", "b", seconds=600, cores=1))

    assert packs(*steps) == ["a c", "b d"]
    assert list(problems_of(["a", "b"], steps)) == [
        "'d' does not depend on 'a', and would not run where that fails",
        "'c' does not depend on 'b', and would not run where that fails",
    ]


def test_a_step_that_does_not_wait_for_another_is_in_no_job_that_does() -> None:
    """`b` needs `x` too: where `x` fails `a` runs, in a job of its own."""
    steps = (a_step("x", seconds=600, kind="gpu"), a_step("a"), a_step("b", "a", "x"))

    assert packs(*steps) == []
    assert list(problems_of(["a", "b"], steps)) == ["'a' does not depend on 'x', and would not run where that fails"]


def test_a_step_between_two_others_keeps_them_apart() -> None:
    steps = (a_step("a"), a_step("b", "a", kind="gpu"), a_step("c", "b"))

    assert packs(*steps) == []
    assert list(problems_of(["a", "c"], steps)) == ["'b' lies between its steps, so that the job would wait for itself"]


def test_long_steps_that_run_at_the_same_time_do_not_wait_for_each_other() -> None:
    """With one core the second would begin when the first ends."""
    one, two = (a_step(name, seconds=605, cores=1) for name in ("one", "two"))

    assert packs(one, two) == []


def test_a_pack_ends_within_the_limit_of_a_job() -> None:
    assert packs(a_step("a"), a_step("b", "a"), a_step("c", "b"), limit=120) == ["a b"]


@st.composite
def pipelines(draw: st.DrawFn) -> list[Packable]:
    count = draw(st.integers(1, 14))
    return [
        a_step(
            f"s{number}",
            *sorted(f"s{need}" for need in draw(st.sets(st.integers(0, number - 1), max_size=3))) if number else (),
            seconds=draw(st.floats(0.1, 300)),
            kind=draw(st.sampled_from(["plain", "plain", "plain", "gpu", None])),
            longest=draw(st.floats(1, 2000)),
            cores=draw(st.sampled_from([1, 4])),
        )
        for number in range(count)
    ]


@given(pipelines())
def test_packs_never_cost_more_nor_end_later_and_change_no_result(steps: list[Packable]) -> None:
    chosen = pack_steps(steps, limit=HOUR)
    together = {step.id: frozenset([step.id]) for step in steps}
    for pack in chosen:
        together |= dict.fromkeys(pack, frozenset(pack))
        assert list(problems_of(pack, steps)) == []
    before = bill(packed_jobs(steps, {step.id: frozenset([step.id]) for step in steps}))
    after = bill(packed_jobs(steps, together))

    assert len(set(itertools.chain.from_iterable(chosen))) == sum(map(len, chosen))
    assert after.minutes <= before.minutes
    assert after.seconds <= before.seconds + 1.001
    assert sorted(step for job in after.jobs for step in job.steps) == sorted(step.id for step in steps)
    placed: set[str] = set()
    for job in after.jobs:  # each after its needs: there is no circle
        assert placed.issuperset(job.needs)
        placed.add(job.id)
