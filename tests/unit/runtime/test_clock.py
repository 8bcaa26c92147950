from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.runtime.clock import rfc3339


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1970-01-01T00:00:00.000Z"), (1767323045.1234, "2026-01-02T03:04:05.123Z"), (1767323045.9999, "2026-01-02T03:04:05.999Z")],
)
def test_a_time_is_utc_with_milliseconds(seconds: float, text: str) -> None:
    assert rfc3339(seconds) == text


@given(earlier=st.floats(0, 4e9), later=st.floats(0, 4e9))
def test_texts_sort_as_times_do_and_are_read_back(earlier: float, later: float) -> None:
    earlier, later = sorted((earlier, later))

    assert rfc3339(earlier) <= rfc3339(later)
    assert abs(datetime.fromisoformat(rfc3339(later)).timestamp() - later) <= 0.0011
