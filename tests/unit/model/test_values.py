"""Plain values survive JSON exactly, by value and by type; what cannot is refused with its path."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import fractions
import math
import pathlib
import uuid
import zoneinfo
from collections import Counter, OrderedDict, defaultdict, deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.model import canonical, values

ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**2000, 2**2010)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec=None))
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.uuids()
    | st.dates()
    | st.datetimes().map(lambda moment: moment.replace(fold=0))
    | st.times().map(lambda time: time.replace(fold=0))
)
KEYS = st.text(max_size=4) | st.integers() | st.booleans() | st.sampled_from(["$tuple", "$", "a.b", "0"])
PLAIN = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def same(left: object, right: object) -> bool:
    """Equal by value, type and order, all the way down: `1 == True` and `0.0 == -0.0` are not enough."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return len(left) == len(right) and all(
            same(a, b) and same(c, d) for (a, c), (b, d) in zip(left.items(), right.items(), strict=True)
        )
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    return repr(left) == repr(right)


def through_text(value: object) -> object:
    return values.decode(canonical.loads(canonical.dumps(values.encode(value))))


@given(value=PLAIN)
def test_a_plain_value_survives_its_json(value: object) -> None:
    assert same(through_text(value), value)


@given(members=st.sets(st.integers() | st.text(max_size=3) | st.tuples(st.integers(), st.booleans())))
def test_a_set_survives_and_its_text_does_not_depend_on_its_order(members: set[object]) -> None:
    backwards = list(members)[::-1]

    assert through_text(members) == members
    assert through_text(frozenset(members)) == frozenset(members)
    assert canonical.dumps(values.encode(members)) == canonical.dumps(values.encode(set(backwards)))


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, -0.0])
def test_floats_that_json_lacks_survive(number: float) -> None:
    assert repr(through_text(number)) == repr(number)


@pytest.mark.parametrize(
    "moment",
    [
        dt.datetime(2026, 1, 2, 3, 4, 5, 6, dt.UTC),
        dt.datetime(2026, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30))),
        dt.time(3, 4, tzinfo=dt.UTC),
    ],
)
def test_a_moment_keeps_its_offset(moment: dt.datetime | dt.time) -> None:
    assert same(through_text(moment), moment)


def test_a_dict_in_sorted_order_is_written_as_it_reads() -> None:
    assert values.encode({"a": 1, "b": 2}) == {"a": 1, "b": 2}


def test_a_dict_keeps_its_order() -> None:
    assert list(through_text({"b": 1, "a": 2}).items()) == [("b", 1), ("a", 2)]  # type: ignore[attr-defined]


class Colour(enum.IntEnum):
    RED = 1


class Text(str):
    __slots__ = ()


class Ordered(OrderedDict[str, int]):
    pass


def noted() -> OrderedDict[str, int]:
    value = OrderedDict(a=1)
    value.note = "kept nowhere"  # type: ignore[attr-defined]
    return value


BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
KEPT = {
    "timedelta": dt.timedelta(-1, 2, 3),
    "longest timedelta": dt.timedelta.max,
    "second of a doubled hour": dt.datetime(2026, 10, 25, 2, 30, fold=1),  # noqa: DTZ001 - without a zone is the point
    "second of a doubled hour in a zone": dt.datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1),
    "zone": dt.datetime(2026, 1, 1, tzinfo=BERLIN),
    "named offset": dt.datetime(2026, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1), "CET")),
    "offset with seconds": dt.datetime(1890, 1, 1, tzinfo=dt.timezone(dt.timedelta(seconds=3208))),
    "time with a named zone": dt.time(1, 2, 3, 4, dt.timezone(dt.timedelta(0), "GMT"), fold=1),
    "zones alone": [BERLIN, dt.UTC, dt.timezone(dt.timedelta(hours=1)), dt.timezone(dt.timedelta(hours=1), "X")],
    "signalling NaN": decimal.Decimal("sNaN12"),
    "exponents": [decimal.Decimal(text) for text in ("1E+5", "0E-10", "-0", "-Infinity", "1e999999")],
    "fraction": fractions.Fraction(-(10**5000), 3),
    "complex": [complex(-0.0, 0.0), complex(math.nan, -math.inf), 1j],
    "range": [range(5), range(10, -10, -3), range(10**5000)],
    "slice": [slice(1), slice(None, (1, "a"), 2)],
    "ellipsis": ...,
    "bytearray": bytearray(b"\0x"),
    "paths that are names": [pathlib.PurePosixPath("//a/b"), pathlib.PureWindowsPath(r"C:\a\b"), pathlib.PurePosixPath("\udce9")],
    "ordered dict": OrderedDict([("b", 1), ("a", [OrderedDict()])]),
    "counter": Counter("abca"),
    "defaultdict": [defaultdict(list, {"b": [1], "a": []}), defaultdict(None, {1: 2})],
    "deque": [deque([1, (2,)], maxlen=3), deque()],
    "lone surrogates": ["\ud800", {"\udfff": 1}],
}


def form(value: Any) -> object:
    """By type, order and every digit."""
    if isinstance(value, (dt.datetime, dt.time)):
        return repr(value), value.fold, value.tzinfo, value.tzname()
    if isinstance(value, dt.timezone):
        return repr(value), value is dt.UTC
    if isinstance(value, (list, tuple, deque)):
        return type(value), getattr(value, "maxlen", None), [form(item) for item in value]
    if isinstance(value, dict):
        return type(value), getattr(value, "default_factory", None), [(form(key), form(item)) for key, item in value.items()]
    return type(value), value if isinstance(value, (int, range, fractions.Fraction)) else repr(value)


@pytest.mark.parametrize("value", KEPT.values(), ids=KEPT)
def test_a_value_of_the_standard_library_survives_by_type_and_digit(value: object) -> None:
    again = through_text(value)

    assert form(again) == form(value)
    assert values.encode(again) == values.encode(value)


def test_the_text_of_a_decimal_does_not_depend_on_the_context() -> None:
    with decimal.localcontext(capitals=0):
        assert values.encode(decimal.Decimal("1E+5")) == {"$decimal": "1E+5"}


@pytest.mark.parametrize(
    "value",
    [
        object(),
        Colour.RED,
        Text("x"),
        Ordered(a=1),
        noted(),
        defaultdict(lambda: 1),
        defaultdict(Text),
        dt.datetime(2026, 1, 1, tzinfo=type("Zone", (dt.tzinfo,), {"utcoffset": lambda *_: None})()),
        NotImplemented,
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_would_change_is_refused(value: object) -> None:
    with pytest.raises(values.NotPlain):
        values.encode(value)


@pytest.mark.parametrize(
    "data",
    [
        {"$zone": "../../etc/passwd"},
        {"$zone": "/etc/passwd"},
        {"$datetime": ["2026-01-01", 0, {"$uuid": "x"}]},
        {"$fraction": [1, 0]},
        {"$fraction": ["1/3", 1]},
        {"$range": [0, 1, 0]},
        {"$defaultdict": [[], "eval"]},
        {"$deque": [[1], -1]},
        {"$decimal": 0.1},
        {"$posixpath": 1},
        {"$complex": ["1"] * 3},
        {"$slice": []},
        {"$set": [[1]]},
    ],
    ids=str,
)
def test_data_that_encode_does_not_write_is_an_error(data: Any) -> None:
    with pytest.raises((ValueError, TypeError, LookupError, ArithmeticError, OSError)):
        values.decode(data)


@pytest.mark.parametrize(
    ("wrap", "path"),
    [
        (lambda bad: bad, "$"),
        (lambda bad: {"a": [0, bad]}, "$.a[1]"),
        (lambda bad: ({"a b": bad},), "$[0]['a b']"),
        (lambda bad: {1: bad}, "$[1]"),
        (lambda bad: {bad: 1}, "$[key 0] as a key"),
        (lambda bad: {(bad,)}, "${}[0]"),
    ],
)
def test_a_refusal_names_the_place(wrap: Any, path: str) -> None:
    with pytest.raises(values.NotPlain) as caught:
        values.encode(wrap(object))

    assert caught.value.path == path
    assert caught.value.value is object


def test_what_is_not_plain_goes_to_the_leaf_with_its_path_and_comes_back_from_it() -> None:
    seen = []

    def leaf(value: object, path: str) -> Any:
        seen.append((value, path))
        return {"$mine": path}

    data = values.encode({"a": (object, {object})}, leaf)

    assert seen == [(object, "$.a[0]"), ({object}, "$.a[1]")]
    assert values.decode(data, lambda data, path: (data["$mine"], path)) == {"a": (("$.a[0]", "$.a[0]"), ("$.a[1]", "$.a[1]"))}


def test_an_unknown_tag_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\$\.a: unknown tag '\$mine'"):
        values.decode({"a": {"$mine": 1}})


def test_decimals_and_uuids_keep_their_digits() -> None:
    assert same(through_text(decimal.Decimal("1.10")), decimal.Decimal("1.10"))
    assert same(through_text(uuid.UUID(int=7)), uuid.UUID(int=7))
