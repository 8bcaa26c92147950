"""What `orch.log_metadata` keeps, what it refuses and how, and that no secret gets into a record this way."""

from __future__ import annotations

import enum
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.errors import OrchError, UsageError
from orch.model import canonical, values
from orch.runtime.masked import masked_values
from orch.runtime.metadata import LONGEST_NAME, LONGEST_VALUE, MOST, as_text, checked
from orch.runtime.redact import Redactor

np = pytest.importorskip("numpy")


class Colour(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (True, True),
        (None, None),
        (3, 3),
        (0.1, 0.1),
        ("größer\nals", "größer\nals"),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (np.float64(0.1), 0.1),
        (np.float32(0.5), 0.5),
        (np.int64(-7), -7),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.array(2.5), 2.5),
        (date(2026, 3, 29), date(2026, 3, 29)),
        (datetime(2026, 3, 29, 2, 30, tzinfo=UTC), datetime(2026, 3, 29, 2, 30, tzinfo=UTC)),
        (-math.inf, -math.inf),
        (10**30, 10**30),
    ],
)
def test_a_single_value_is_kept_as_what_it_is(value: object, kept: object) -> None:
    data = values.decode(checked({"x": value}, {})["x"])

    assert data == kept
    assert type(data) is type(kept)


@pytest.mark.parametrize("value", [math.nan, np.float32("nan")])
def test_a_number_that_is_none_is_kept_in_a_form_that_json_has(value: object) -> None:
    data = checked({"loss": value}, {})

    assert canonical.dumps(data) == '{"loss":{"$float":"nan"}}'
    assert repr(values.decode(data["loss"])) == "nan"


@pytest.mark.parametrize(
    "value",
    [
        [1],
        {"a": 1},
        (1,),
        b"a",
        1j,
        Decimal("0.1"),
        Path("a"),
        pytest.param(object(), id="object()"),
        np.array([1.0]),
        np.datetime64("2026-03-29T02:30:00.000000001"),
        np.timedelta64(1, "ns"),
        np.complex128(1j),
        np.longdouble("0.1"),
        Colour,
    ],
    ids=repr,
)
def test_a_value_that_is_not_single_is_refused_by_its_type(value: object) -> None:
    with pytest.raises(UsageError) as caught:
        checked({"score": value}, {})

    assert caught.value.message == f"metadata 'score' is a {type(value).__qualname__}, which is not a single plain value"
    assert "return anything else from the step" in caught.value.hint


@pytest.mark.parametrize("name", ["", "a\nb", "\x1b[2J", "x" * (LONGEST_NAME + 1), "\ud800"])
def test_a_name_that_cannot_be_shown_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is no name for metadata"):
        checked({name: 1}, {})


@pytest.mark.parametrize("name", ["val/loss", "größe", "a b", "x" * LONGEST_NAME])
def test_a_name_need_not_be_one_of_python(name: str) -> None:
    assert checked({name: 1}, {}) == {name: 1}


@pytest.mark.parametrize(
    "value", ["x" * LONGEST_VALUE, "\0" * (LONGEST_VALUE // 6 + 1), 16**LONGEST_VALUE], ids=["text", "escaped text", "number"]
)
def test_a_value_that_is_too_long_is_refused_with_its_length(value: object) -> None:
    with pytest.raises(UsageError, match=rf"metadata 'x' takes \d+ characters, at most {LONGEST_VALUE} are kept"):
        checked({"x": value}, {})


def test_the_number_of_values_of_a_step_is_limited_over_all_its_calls() -> None:
    kept = checked({f"x{number}": number for number in range(MOST)}, {})

    assert checked({"x0": "again"}, kept)["x0"] == "again"
    with pytest.raises(UsageError, match=f"a step can log {MOST} values, these are {MOST + 1}"):
        checked({"one more": 1}, kept)


def test_all_mistakes_of_a_call_are_told_at_once_and_nothing_of_it_is_kept() -> None:
    kept = {"a": 1}
    with pytest.raises(OrchError) as caught:
        checked({"a": 2, "b": [1], "": 3}, kept)

    assert len(caught.value.problems) == 2
    assert kept == {"a": 1}


def test_the_last_value_of_a_name_counts() -> None:
    assert checked({"a": 2, "b": 3}, {"a": 1, "c": 4}) == {"a": 2, "b": 3, "c": 4}


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ({"token": "it is hunter2-hunter2"}, {"token": "it is ***"}),
        ({"hunter2-hunter2": 1, "n": 2}, {"***": 1, "n": 2}),
        ({"pin": 48213377}, {"pin": "***"}),
        ({"rate": 0.5, "when": {"$date": "2026-03-29"}}, {"rate": 0.5, "when": {"$date": "2026-03-29"}}),
    ],
)
def test_a_secret_is_masked_also_as_a_number_or_a_name(data: dict[str, Any], shown: dict[str, Any]) -> None:
    assert masked_values(data, Redactor(["hunter2-hunter2", "48213377"])) == shown


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (0.5, "0.5"),
        (True, "True"),
        (None, "None"),
        ("a", "a"),
        ({"$float": "nan"}, "nan"),
        ({"$date": "2026-03-29"}, "2026-03-29"),
        ({"$date": "***"}, '{"$date":"***"}'),
        ({"$date": []}, '{"$date":[]}'),
        ({"$nonsense": 1}, '{"$nonsense":1}'),
    ],
)
def test_a_value_reads_as_people_write_it_and_a_damaged_one_as_it_stands_in_the_record(data: Any, text: str) -> None:
    assert as_text(data) == text


@given(st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=100) | st.datetimes() | st.timedeltas())
def test_what_is_kept_is_what_was_given_and_fits_into_a_record(value: object) -> None:
    data = checked({"x": value}, {})
    back = values.decode(canonical.loads(canonical.dumps(data))["x"])

    assert back == value or (value != value and back != back)  # noqa: PLR0124 (not a number)
    assert type(back) is type(value)
