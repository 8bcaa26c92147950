from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.runtime import backoff

NOW = 1_800_000_000.0


def test_waits_double_and_jitter_halves_them_at_most() -> None:
    assert [backoff.delay(tries, 1.0) for tries in (1, 2, 3, 4)] == [1.0, 2.0, 4.0, 8.0]
    assert [backoff.delay(tries, 0.0) for tries in (1, 2, 3)] == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000009"}, 10.0),
        ({"x-ratelimit-remaining": "0"}, None),
        ({"x-ratelimit-remaining": "5", "x-ratelimit-reset": "1800000009"}, None),
    ],
)
def test_the_server_may_say_how_long(headers: dict[str, str], seconds: float | None) -> None:
    assert backoff.asked_delay(headers, NOW) == seconds


@given(st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"]), st.text()))
def test_no_header_breaks_it(headers: dict[str, str]) -> None:
    asked = backoff.asked_delay(headers, NOW)

    assert asked is None or asked >= 0


def test_a_refusal_is_a_limit_only_where_it_says_so() -> None:
    assert backoff.is_limited(429, {}, "")
    assert backoff.is_limited(403, {}, "You have exceeded a secondary rate limit.")
    assert backoff.is_limited(403, {"retry-after": "1"}, "")
    assert not backoff.is_limited(403, {"x-ratelimit-remaining": "10"}, "Resource not accessible by integration")
    assert not backoff.is_limited(500, {"retry-after": "1"}, "")


def test_what_was_carried_out_perhaps_is_not_repeated_unless_that_is_harmless() -> None:
    assert backoff.is_passing(502, limited=False, repeatable=True)
    assert not backoff.is_passing(502, limited=False, repeatable=False)
    assert backoff.is_passing(403, limited=True, repeatable=False)
    assert not backoff.is_passing(404, limited=False, repeatable=True)


def test_jitter_is_a_share() -> None:
    assert all(0 <= backoff.jitter() < 1 for _ in range(100))
