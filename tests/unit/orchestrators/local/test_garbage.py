"""What can go, by data alone."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from orch.orchestrators.local.garbage import Found, Garbage, Limits, Result, Run, choose

NOW = 1000.0
DIGESTS = [f"sha256:{digit}" for digit in "abcdef"]


def run(name: str, when: float, *needs: str, pipeline: str = "p", size: int = 1, keys: tuple[str, ...] = (), **more: bool) -> Run:
    return Run(name, pipeline, when, size, frozenset(needs), frozenset(keys), **more)


def result(line: int, key: str, when: float, *needs: str) -> Result:
    return Result(("", line), (key, "p", "step"), key, when, frozenset(needs))


def found(*things: Run | Result, objects: dict[str, int] | None = None) -> Found:
    runs = tuple(thing for thing in things if isinstance(thing, Run))
    results = tuple(thing for thing in things if isinstance(thing, Result))
    return Found(runs, results, objects or {})


def test_what_is_older_than_the_limit_goes_with_what_it_alone_needs() -> None:
    there = found(run("old", 100, "x", "y"), run("new", 900, "y"), objects={"x": 1, "y": 1, "nobody's": 1})

    assert choose(there, Limits(500, 0), NOW) == Garbage(frozenset({"old"}), frozenset(), frozenset({"x", "nobody's"}))


def test_the_last_runs_of_each_pipeline_stay_whatever_their_age_and_size() -> None:
    there = found(run("1", 1), run("2", 2), run("3", 3), run("other", 1, pipeline="q"))

    assert choose(there, Limits(0, 2, max_size=0), NOW).runs == {"1"}


def test_a_run_that_was_killed_is_not_the_last_one_and_one_that_goes_on_stays() -> None:
    there = found(run("good", 1), run("killed", 2, has_ended=False), run("going on", 3, is_going_on=True, has_ended=False))

    assert choose(there, Limits(0, 1), NOW).runs == {"killed"}


def test_the_oldest_go_until_the_rest_is_small_enough() -> None:
    things = [run(str(number), number, f"o{number}", "shared", size=10) for number in range(5)]
    there = found(*things, objects={"shared": 100, **{f"o{number}": 10 for number in range(5)}})

    assert choose(there, Limits(NOW, 0, max_size=140), NOW) == Garbage(
        frozenset({"0", "1", "2"}), frozenset(), frozenset({"o0", "o1", "o2"})
    )
    assert choose(there, Limits(NOW, 0, max_size=200), NOW) == Garbage(frozenset(), frozenset(), frozenset())


def test_a_result_is_as_old_as_its_last_use_and_stays_as_long_as_a_run_that_must() -> None:
    there = found(
        run("nightly", 900, keys=("used",)),
        run("last of q", 1, pipeline="q", keys=("needed",)),
        result(0, "used", 1),
        result(1, "needed", 1),
        result(2, "forgotten", 1),
        result(3, "fresh", 900),
    )

    assert choose(there, Limits(500, 1), NOW).results == {("", 2)}


def test_of_a_result_that_was_made_again_the_last_line_counts() -> None:
    there = found(result(0, "key", 900, "first"), result(1, "key", 900, "second"), objects={"first": 1, "second": 1})

    assert choose(there, Limits(500, 1), NOW) == Garbage(frozenset(), frozenset({("", 0)}), frozenset({"first"}))


TIMES = st.integers(0, 1000)
NEEDS = st.frozensets(st.sampled_from(DIGESTS), max_size=4)
KEYS = st.frozensets(st.sampled_from("klm"), max_size=2)
RUNS = st.lists(
    st.builds(Run, st.just(""), st.sampled_from("pq"), TIMES, st.integers(0, 50), NEEDS, KEYS, st.booleans(), st.booleans()), max_size=8
).map(lambda runs: tuple(replace(each, run=f"r{number}") for number, each in enumerate(runs)))
RESULTS = st.lists(st.tuples(st.sampled_from("klm"), TIMES, NEEDS), max_size=8).map(
    lambda lines: tuple(result(number, key, when, *needs) for number, (key, when, needs) in enumerate(lines))
)
FOUND = st.builds(Found, RUNS, RESULTS, st.dictionaries(st.sampled_from(DIGESTS), st.integers(0, 100)))
LIMITS = st.builds(Limits, st.integers(0, 1000), st.integers(0, 3), st.none() | st.integers(0, 500))


@given(there=FOUND, limits=LIMITS)
def test_kept_things_lose_nothing_and_nothing_that_could_go_stays_above_the_limits(there: Found, limits: Limits) -> None:
    garbage = choose(there, limits, NOW)
    runs = [each for each in there.runs if each.run not in garbage.runs]
    results = [each for each in there.results if each.line not in garbage.results]
    kept: list[Run | Result] = [*runs, *results]
    needed = {digest for each in kept for digest in each.needs} & set(there.objects)

    assert not garbage.objects & needed
    assert not [each for each in there.runs if each.is_going_on and each.run in garbage.runs]
    assert garbage.objects == set(there.objects) - needed, "nothing that nobody needs stays"
    protected = [each for each in runs if each.is_going_on]
    for pipeline in "pq":
        last = sorted((each for each in there.runs if each.pipeline == pipeline), key=lambda each: (each.when, each.run), reverse=True)
        ended = [each for each in last if each.has_ended and not each.is_going_on][: limits.keep_last]
        assert set(ended) <= set(runs)
        protected += ended
    free = [each for each in runs if each not in protected]
    assert all(NOW - each.when <= limits.older_than for each in free)
    keys = {key for each in protected for key in each.keys}
    free_results = [each for each in results if each.key not in keys]
    size = sum(each.size for each in runs) + sum(there.objects[digest] for digest in needed)
    if limits.max_size is not None and size > limits.max_size:
        assert not free
        assert not free_results


# The run whose use made the result young goes, because all is too large; its result counts by its own age the next time.
@example(there=found(run("large", 990, size=100, keys=("used",)), result(1, "used", 1)), limits=Limits(500, 0, max_size=50))
@given(there=FOUND, limits=LIMITS)
def test_what_was_kept_is_kept_the_next_time_but_for_results_whose_users_are_gone(there: Found, limits: Limits) -> None:
    garbage = choose(there, limits, NOW)
    left = Found(
        tuple(each for each in there.runs if each.run not in garbage.runs),
        tuple(each for each in there.results if each.line not in garbage.results),
        {digest: size for digest, size in there.objects.items() if digest not in garbage.objects},
    )
    again = choose(left, limits, NOW)

    users_gone = {key for each in there.runs if each.run in garbage.runs for key in each.keys}
    going = [each for each in left.results if each.line in again.results]
    assert not again.runs
    assert {each.key for each in going} <= users_gone
    assert again.objects <= {digest for each in going for digest in each.needs}
