"""What pandas has."""

from __future__ import annotations

import datetime as dt
import decimal
import importlib
import zoneinfo
from collections.abc import Callable
from typing import Any, Final

# Their stubs know no awkward values.
np: Any = importlib.import_module("numpy")
pd: Any = importlib.import_module("pandas")
pa: Any = importlib.import_module("pyarrow")

OBJECTS: Final[dict[str, Any]] = {"dtype": object}
OFFSETS: Final = (
    dt.UTC,
    dt.timezone(dt.timedelta(hours=2)),
    dt.timezone(dt.timedelta(hours=2), "named"),
    dt.timezone(dt.timedelta(seconds=3601)),
)


def attrs(frame: Any, given: dict[str, object]) -> Any:
    frame.attrs |= given
    return frame


FRAMES: Final[dict[str, Callable[[], Any]]] = {
    "numbers": lambda: pd.DataFrame({"i": [1, 2], "f": [0.5, None], "b": [True, False]}),
    "small numbers": lambda: pd.DataFrame({dtype: np.array([1], dtype) for dtype in ("i1", "i2", "u1", "u8", "f2", "f4")}),
    "text": lambda: pd.DataFrame({"a": ["x", None, "ä"]}),
    "text as objects": lambda: pd.DataFrame({"a": pd.Series(["x", "y"], **OBJECTS)}),
    "objects with None": lambda: pd.DataFrame({"a": pd.Series(["x", None], **OBJECTS)}),
    "objects with NaN": lambda: pd.DataFrame({"a": pd.Series(["x", float("nan")], **OBJECTS)}),
    "numbers as objects": lambda: pd.DataFrame({"a": pd.Series([1, None, 2], **OBJECTS)}),
    "booleans as objects": lambda: pd.DataFrame({"a": pd.Series([True, None], **OBJECTS)}),
    "nothing but None": lambda: pd.DataFrame({"a": pd.Series([None, None], **OBJECTS)}),
    "lists": lambda: pd.DataFrame({"a": [[1, 2], [], None]}),
    "dates": lambda: pd.DataFrame({"a": [dt.date(2020, 1, 1)]}),
    "decimals": lambda: pd.DataFrame({"a": [decimal.Decimal("1.50"), decimal.Decimal("0.25")]}),
    "bytes": lambda: pd.DataFrame({"a": [b"x"]}),
    "times": lambda: pd.DataFrame({unit: np.array(["2020-01-01", "NaT"], f"M8[{unit}]") for unit in ("s", "ms", "us", "ns")}),
    "zones": lambda: pd.DataFrame({zone: pd.to_datetime(["2020-01-01"]).tz_localize(zone) for zone in ("UTC", "Europe/Berlin")}),
    "durations": lambda: pd.DataFrame({"a": np.array([1], "m8[s]"), "b": np.array([1], "m8[ns]")}),
    "periods": lambda: pd.DataFrame({"a": pd.period_range("2020", periods=2, freq="M")}),
    "intervals": lambda: pd.DataFrame({"a": pd.interval_range(0, 2)}),
    "categories": lambda: pd.DataFrame({"a": pd.Categorical(["x", None], categories=["z", "x"], ordered=True)}),
    "categories of numbers": lambda: pd.DataFrame({"a": pd.Categorical([3, 1])}),
    "nullable": lambda: pd.DataFrame({name: pd.array([1, None], dtype=name) for name in ("Int64", "Float32", "boolean")}),
    "nullable text": lambda: pd.DataFrame({name: pd.array(["x", None], dtype=f"string[{name}]") for name in ("pyarrow", "python")}),
    "arrow": lambda: pd.DataFrame({"a": pd.array([1, None], dtype="int64[pyarrow]")}),
    "empty": pd.DataFrame,
    "no columns": lambda: pd.DataFrame(index=[1, 2]),
    "no rows": lambda: pd.DataFrame({"a": np.array([], "i4"), "b": pd.Categorical([], categories=["x"])}),
    "range as columns": lambda: pd.DataFrame(np.zeros((2, 3))),
    "numbers as columns": lambda: pd.DataFrame([[1, 2]], columns=[20, 10]),
    "named columns": lambda: pd.DataFrame([[1, 2]], columns=pd.Index(["b", "a"], name="letters")),
    "columns as objects": lambda: pd.DataFrame([[1]], columns=pd.Index(["x"], **OBJECTS)),
    "levels of columns": lambda: pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])),
    "range": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(10, 14, 2, name="n")),
    "index": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.Index([7, 7], name="a")),
    "index of floats": lambda: pd.DataFrame({"a": [1]}, index=pd.Index([1.5])),
    "index of objects": lambda: pd.DataFrame({"a": [1]}, index=pd.Index(["x"], **OBJECTS)),
    "index of categories": lambda: pd.DataFrame({"a": [1]}, index=pd.CategoricalIndex(["x"])),
    "index with levels": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["x", None])),
    "index with a frequency": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.date_range("2020", periods=2, freq="D", tz="UTC")),
    "index of business months": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.date_range("2020", periods=2, freq="BME")),
    "part of a frame": lambda: pd.DataFrame({"a": range(100), "b": ["x", None] * 50})[3:90:7],
    "attrs": lambda: attrs(pd.DataFrame({"a": [1]}), {"unit": "m", "shape": (1, 2)}),
    "zone of the second hour": lambda: pd.DataFrame(
        {"a": pd.date_range("2026-10-25", periods=4, freq="h", tz=zoneinfo.ZoneInfo("Europe/Berlin"))}
    ),
    "offsets": lambda: pd.DataFrame({f"{zone}": pd.date_range("2020", periods=2, tz=zone) for zone in OFFSETS}),
    "other offsets in each row": lambda: pd.DataFrame(
        {"a": pd.Series([dt.datetime(2020, 1, 1, tzinfo=zone) for zone in OFFSETS], **OBJECTS)}
    ),
    "moments as objects": lambda: pd.DataFrame({"a": pd.Series([pd.Timestamp(0), pd.Timestamp(0, tz="UTC"), pd.NaT], **OBJECTS)}),
    "categories of bytes of memory": lambda: pd.DataFrame({"a": pd.Categorical(np.array([3, 1], "i1"))}),
    "categories of moments": lambda: pd.DataFrame({"a": pd.Categorical(pd.date_range("2020", periods=2)), "b": 1}),
    "categories of moments in a zone": lambda: pd.DataFrame({"a": pd.Categorical(pd.date_range("2020", periods=2, tz="Europe/Berlin"))}),
    "categories of intervals": lambda: pd.DataFrame({"a": pd.cut([1, 5, 9], 3)}),
    "categories of periods": lambda: pd.DataFrame({"a": pd.Categorical(pd.period_range("2020", periods=2, freq="M"))}),
    "categories of objects": lambda: pd.DataFrame({"a": pd.Categorical(["x"], categories=pd.Index(["x", "y"], **OBJECTS))}),
    "categories of all sorts": lambda: pd.DataFrame({"a": pd.Categorical([1, "x", (1, 2)])}),
    "categories of nullable numbers": lambda: pd.DataFrame({"a": pd.Categorical(pd.array([1, 2], dtype="Int64"))}),
    "categories, none": lambda: pd.DataFrame({"a": pd.Categorical([])}),
    "NaN that is a value": lambda: pd.DataFrame({"a": pd.arrays.FloatingArray(np.array([1, np.nan, 3]), np.array([False, False, True]))}),
    "text in Python's memory": lambda: pd.DataFrame({"a": pd.Series(["x", None], dtype=pd.StringDtype("python", na_value=np.nan))}),
    "half a surrogate pair": lambda: pd.DataFrame({"a": pd.Series(["\ud800"], **OBJECTS)}, columns=pd.Index(["a"], **OBJECTS)),
    "objects of all sorts": lambda: pd.DataFrame(
        {"a": pd.Series([1, "x", 2.5, None, np.nan, True, (1,), [3], {"k": 1}, b"b", 1j], **OBJECTS)}
    ),
    "numbers of numpy as objects": lambda: pd.DataFrame({"a": pd.Series([np.int64(1), np.float32(2), pd.NA], **OBJECTS)}),
    "numbers of any length": lambda: pd.DataFrame({"a": [10**30, 1]}),
    "decimals of other precision": lambda: pd.DataFrame({"a": [decimal.Decimal("1.0"), decimal.Decimal("1.00")]}),
    "times of day": lambda: pd.DataFrame({"a": [dt.time(1, 2), None]}),
    "complex": lambda: pd.DataFrame({"a": [1j, complex(-0.0, 2)]}),
    "big-endian": lambda: pd.DataFrame({"a": np.array([1, 2], ">i4")}),
    "bits of NaN": lambda: pd.DataFrame({"a": np.array([0x7FF8000000000001, 1 << 63], "u8").view("f8")}),
    "columns of all sorts": lambda: pd.DataFrame([[1, 2, 3, 4]], columns=pd.Index([1, "a", None, (1, 2)], **OBJECTS)),
    "columns, one twice": lambda: pd.DataFrame([[1, 0.5, 3]], columns=["a", "a", "b"]),
    "columns, dates": lambda: pd.DataFrame([[1]], columns=[dt.date(2020, 1, 1)]),
    "columns, moments": lambda: pd.DataFrame([[1, 2]], columns=pd.date_range("2020", periods=2)),
    "columns, categories": lambda: pd.DataFrame([[1, 2]], columns=pd.CategoricalIndex(["x", "y"])),
    "columns, intervals": lambda: pd.DataFrame([[1, 2]], columns=pd.interval_range(0, 2)),
    "columns, levels, one twice": lambda: pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 1)], names=[5, None])),
    "columns named as an index is": lambda: pd.DataFrame([[1, 2]], columns=["__index_level_0__", ""], index=["x"]),
    "columns named by position": lambda: pd.DataFrame([[1, 2]], columns=["1", "0"]),
    "range as columns, named": lambda: pd.DataFrame(np.zeros((1, 2)), columns=pd.RangeIndex(4, 8, 2, name="z")),
    "no columns, but of a type": lambda: pd.DataFrame(index=[1], columns=pd.Index([], dtype="f8")),
    "no rows of any type": lambda: pd.DataFrame(
        {"o": pd.Series([], **OBJECTS), "s": pd.Series([], dtype="str"), "z": pd.DatetimeIndex([], tz="UTC")}
    ),
    "index with a name that is no text": lambda: pd.DataFrame({"a": [1]}, index=pd.Index([7], name=(3, "x"))),
    "index of all sorts": lambda: pd.DataFrame({"a": [1, 2, 3]}, index=pd.Index([1, "x", None], **OBJECTS)),
    "index of None and NaN": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.Index([None, float("nan")], **OBJECTS)),
    "index that is nullable": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.Index([1, None], dtype="Int64")),
    "index that is no range": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.Index([0, 1])),
    "index backwards in time": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.date_range("2020", periods=2, freq="-1D")),
    "index over a change of clocks": lambda: pd.DataFrame(
        {"a": range(3)}, index=pd.date_range("2026-10-24", periods=3, freq="D", tz="Europe/Berlin")
    ),
    "levels of ranges": lambda: pd.DataFrame({"a": range(4)}, index=pd.MultiIndex.from_product([range(2), range(2)], names=["n", "n"])),
    "levels nobody uses": lambda: pd.DataFrame({"a": range(6)}, index=pd.MultiIndex.from_product([[1, 2, 3], ["a", "b"]]))[2:3],
    "levels with gaps": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_tuples([(1, None), (2, "x")])),
    "levels of categories and zones": lambda: pd.DataFrame(
        {"a": [1, 2]}, index=pd.MultiIndex.from_arrays([pd.Categorical(["x", "y"]), pd.date_range("2020", periods=2, tz="Europe/Berlin")])
    ),
    "lists of Arrow": lambda: pd.DataFrame({"a": pd.array([[1], None], dtype=pd.ArrowDtype(pa.list_(pa.int64())))}),
    "labels that must be unique": lambda: pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False),
    "rows of a view": lambda: pd.DataFrame(np.arange(12.0).reshape(3, 4))[[2, 0]][::-1],
}
PARTS: Final[dict[str, Callable[[], Any]]] = {
    "series": lambda: pd.Series([1, 2], name="n"),
    "series without a name": lambda: pd.Series(["x", None]),
    "series with a name of its own": lambda: pd.Series([1.5], index=["x"], name=("a", 1)),
    "series of objects": lambda: pd.Series(["x", None], **OBJECTS),
    "series in time": lambda: pd.Series([1.0, 2.0, 3.0], index=pd.date_range("2020", periods=3, freq="h")),
    "index": lambda: pd.Index(["b", "a"], name="letters"),
    "range": lambda: pd.RangeIndex(5),
    "times": lambda: pd.date_range("2020", periods=3, freq="D", tz="Europe/Berlin"),
    "durations": lambda: pd.timedelta_range("1h", periods=3, freq="h"),
    "periods": lambda: pd.period_range("2020", periods=2, freq="M"),
    "intervals": lambda: pd.IntervalIndex.from_breaks([0, 1, 2]),
    "categories": lambda: pd.CategoricalIndex(["b", "a"], categories=["b", "a", "c"]),
    "levels": lambda: pd.MultiIndex.from_product([[1, 2], ["a"]], names=["x", None]),
    "series that is flagged": lambda: pd.Series([1]).set_flags(allows_duplicate_labels=False),
    "series with the name of a moment": lambda: attrs(pd.Series([1], name=pd.Timestamp(0)), {"a": np.float64(1)}),
    "index of objects": lambda: pd.Index(["a", None], dtype=object),
    "index of tuples": lambda: pd.Index([(1, 2)], tupleize_cols=False),
    "levels, none": lambda: pd.MultiIndex.from_arrays([[], []], names=["a", "b"]),
}

SINGLES: Final[dict[str, Callable[[], Any]]] = {
    "moments": lambda: [
        pd.Timestamp("2020-01-01", tz="Europe/Berlin"),
        pd.Timestamp(1, unit="ns"),
        pd.Timestamp("2026-10-25 01:30", tz="UTC"),
    ],
    "second of a doubled hour": lambda: pd.Timestamp("2026-10-25 01:30", tz="UTC").tz_convert("Europe/Berlin"),
    "durations": lambda: [pd.Timedelta(5, "s"), pd.Timedelta(1, "ns")],
    "periods": lambda: pd.Period("2020-01", "M"),
    "intervals": lambda: [pd.Interval(0, 1.5, "both"), pd.Interval(pd.Timestamp(0), pd.Timestamp(1))],
    "missing": lambda: [pd.NA, pd.NaT],
}
