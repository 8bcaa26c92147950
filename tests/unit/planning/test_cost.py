"""Jobs, time, minutes as they are billed, and money."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orch.planning.cost import Machine, PlannedJob, bill

LINUX = Machine("ubuntu-24.04", 0.006, queue=9, setup=10)
OWN = Machine("own", None, queue=0, setup=0)


def job(name: str, seconds: float, *needs: str, machine: Machine = LINUX, legs: int = 1) -> PlannedJob:
    return PlannedJob(name, machine, seconds, needs, (name,), legs)


def test_each_job_is_billed_by_whole_minutes_from_when_its_runner_has_started() -> None:
    assert [job("a", seconds).minutes for seconds in (0, 50, 50.1, 110, 111)] == [1, 1, 2, 2, 3]


def test_the_end_waits_for_the_longest_path_and_not_for_the_longest_job() -> None:
    total = bill([job("a", 100), job("b", 10, "a"), job("c", 10, "b"), job("long", 115)])

    assert total.path == ("a", "b", "c")
    assert total.seconds == 3 * 19 + 120
    assert (total.count, total.minutes, round(total.money, 3)) == (4, 2 + 1 + 1 + 3, 0.042)


def test_legs_of_a_matrix_cost_one_by_one_and_run_at_the_same_time() -> None:
    total = bill([job("a", 30, legs=10)])

    assert (total.count, total.minutes, total.seconds) == (10, 10, 49)


def test_a_runner_without_a_price_costs_nothing_and_is_named() -> None:
    total = bill([job("a", 30), job("b", 30, machine=OWN)])

    assert total.unpriced == ("own",)
    assert total.money == 0.006


def test_nothing_costs_nothing() -> None:
    assert (bill([]).path, bill([]).seconds, bill([]).money) == ((), 0.0, 0)


@given(st.lists(st.tuples(st.floats(0, 7200), st.sets(st.integers(0, 30))), max_size=30))
def test_the_time_is_that_of_its_path_and_no_job_or_need_takes_longer(drawn: list[tuple[float, set[int]]]) -> None:
    jobs = [job(str(number), seconds, *(str(need) for need in needs if need < number)) for number, (seconds, needs) in enumerate(drawn)]
    total = bill(jobs)
    by_id = {each.id: each for each in jobs}

    assert abs(total.seconds - sum(by_id[name].time for name in total.path)) < 1e-6
    assert all(each.time <= total.seconds + 1e-6 for each in jobs)
    assert all(before in by_id[after].needs for before, after in zip(total.path, total.path[1:], strict=False))
