"""What pyarrow and polars have."""

from __future__ import annotations

import datetime as dt
import decimal
import importlib
from collections.abc import Callable
from typing import Any, Final

# What they ship of types knows no awkward values.
np: Any = importlib.import_module("numpy")
pa: Any = importlib.import_module("pyarrow")
pl: Any = importlib.import_module("polars")

LONG: Final = "a text that no view holds in itself"


def table(array: Any) -> Any:
    return pa.table({"x": array})


def over_garbage() -> Any:
    """Numbers below which others stand where there is none, as a computation leaves them."""
    mask, rubbish = pa.array([True, False, True]).buffers()[1], pa.array([1, 77, 3]).buffers()[1]
    inner = pa.Array.from_buffers(pa.int64(), 3, [mask, rubbish])
    return pa.table(
        {"flat": inner, "inside": pa.ListArray.from_arrays([0, 1, 2, 3], inner), "struct": pa.StructArray.from_arrays([inner], ["a"])}
    )


TABLES: Final[dict[str, Callable[[], Any]]] = {
    "numbers": lambda: pa.table({"i": [1, None], "f": [0.5, float("nan")], "b": [True, None], "z": pa.array([-0.0, 1], pa.float32())}),
    "halves": lambda: table(pa.array(np.array([1, np.nan], "f2"))),
    "text": lambda: pa.table({"a": ["x", None], "b": pa.array(["ä", ""], pa.large_string()), "c": [b"\xff", None]}),
    "views": lambda: pa.table({"a": pa.array(["x", LONG, None], pa.string_view()), "b": pa.array([b"x", None, b""], pa.binary_view())}),
    "views inside": lambda: pa.table({"a": pa.array([["x", None], None, []], pa.list_(pa.string_view()))}),
    "views of lists": lambda: table(pa.array([[1, 2], None], pa.list_view(pa.int8()))),
    "categories": lambda: table(pa.DictionaryArray.from_arrays(pa.array([1, None], pa.int8()), ["unused", "x"], ordered=True)),
    "chunks": lambda: pa.concat_tables([pa.table({"a": ["x", None]}), pa.table({"a": ["y"]})]),
    "chunks with other categories": lambda: table(
        pa.chunked_array([pa.array(["x"]).dictionary_encode(), pa.array(["y"]).dictionary_encode()])
    ),
    "part of a table": lambda: pa.table({"a": range(100), "b": [None, True] * 50, "c": [[i] for i in range(100)]}).slice(3, 5),
    "rubbish where there is nothing": over_garbage,
    "lists": lambda: table(pa.array([[1, None], None, []])),
    "lists of one length": lambda: table(pa.array([[1, None], None], pa.list_(pa.int8(), 2))),
    "structs": lambda: table(pa.array([{"a": 1, "b": [None]}, None])),
    "maps": lambda: table(pa.array([[("a", 1), ("a", 2)], None], pa.map_(pa.string(), pa.int8()))),
    "unions": lambda: table(
        pa.UnionArray.from_dense(pa.array([0, 1], pa.int8()), pa.array([0, 0], pa.int32()), [pa.array([1]), pa.array(["x"])])
    ),
    "times": lambda: pa.table(
        {
            f"{unit} {zone}": pa.array([0, None], pa.timestamp(unit, zone))
            for unit in ("s", "ms", "us", "ns")
            for zone in (None, "Europe/Berlin")
        }
    ),
    "spans": lambda: pa.table({"a": pa.array([1], pa.duration("ns")), "b": pa.array([(1, 2, 3)], pa.month_day_nano_interval())}),
    "days and hours": lambda: pa.table({"a": [dt.date(2020, 1, 1)], "b": [dt.time(1)], "c": pa.array([86400000], pa.date64())}),
    "decimals": lambda: pa.table(
        {
            "a": pa.array([decimal.Decimal("1.10"), None], pa.decimal128(38, 2)),
            "b": pa.array([decimal.Decimal(1), None], pa.decimal256(60, 1)),
        }
    ),
    "nothing": lambda: table(pa.nulls(2)),
    "types of Arrow's own": lambda: pa.table({"a": pa.array([b"0" * 16, None], pa.uuid()), "b": pa.array(["{}", None], pa.json_())}),
    "no rows": lambda: pa.table({"a": pa.chunked_array([], pa.string()), "b": pa.array([], pa.dictionary(pa.int8(), pa.string()))}),
    "no columns": lambda: pa.table({}),
    "columns of one name": lambda: pa.Table.from_arrays([pa.array([1]), pa.array(["x"])], names=["a", "a"]),
    "metadata": lambda: pa.table(
        {"a": [1]},
        schema=pa.schema([pa.field("a", pa.int64(), nullable=False, metadata={"x": "y"})], metadata={b"k": b"\xff", b"orch": b"mine"}),
    ),
    "of pandas": lambda: pa.Table.from_pandas(pa.table({"a": [1, 2], "b": ["x", None]}).to_pandas().set_index("a")),
    "batch": lambda: pa.record_batch({"a": [1, None]}, metadata={b"k": b"v"}),
    "batch without rows": lambda: pa.record_batch({"a": pa.array([], pa.int8())}),
}


def numbers_in_order_of_their_meeting() -> Any:
    """Categories that the process numbers in another order than this series has them."""
    first = pl.Series(["c", "b", "a"], dtype=pl.Categorical)
    return pl.concat([first, pl.Series(["a", "c"], dtype=pl.Categorical)])[3:]


POLARS: Final[dict[str, Callable[[], Any]]] = {
    "numbers": lambda: pl.DataFrame({"i": [1, None], "f": [0.5, float("nan")], "b": [True, None]}),
    "small and large numbers": lambda: pl.DataFrame(
        {str(kind): pl.Series([1, None], dtype=kind) for kind in (pl.Int8, pl.UInt64, pl.Float32, pl.Int128)}
    ),
    "text": lambda: pl.DataFrame({"a": ["ä", None, LONG], "b": [b"\xff", None, b""]}),
    "categories": lambda: pl.DataFrame({"a": pl.Series(["x", None, "z"], dtype=pl.Categorical)}),
    "categories after others": numbers_in_order_of_their_meeting,
    "named categories": lambda: pl.Series("s", ["x", None], dtype=pl.Categorical(pl.Categories("colours", "shop", pl.UInt8))),
    "choices": lambda: pl.DataFrame({"a": pl.Series(["x", None], dtype=pl.Enum(["unused", "x"]))}),
    "categories inside": lambda: pl.Series([["x", None], None], dtype=pl.List(pl.Categorical)),
    "choices deep inside": lambda: pl.Series(
        [[{"a": ["x"], "b": 2**100}], None], dtype=pl.List(pl.Struct({"a": pl.Array(pl.Enum(["y", "x"]), 1), "b": pl.Int128}))
    ),
    "times": lambda: pl.DataFrame(
        {
            f"{unit} {zone}": pl.Series(
                [dt.datetime(2026, 10, 25, 1, tzinfo=dt.UTC).replace(tzinfo=None), None], dtype=pl.Datetime(unit, zone)
            )
            for unit in ("ms", "us", "ns")
            for zone in (None, "UTC", "Europe/Berlin")
        }
    ),
    "days, hours, spans": lambda: pl.DataFrame({"a": [dt.date(2020, 1, 1)], "b": [dt.time(1)], "c": [dt.timedelta(1)]}),
    "decimals": lambda: pl.DataFrame({"a": pl.Series([decimal.Decimal("1.10"), None], dtype=pl.Decimal(20, 2))}),
    "lists": lambda: pl.DataFrame({"a": [[1, None], None, []]}),
    "lists of one length": lambda: pl.Series([[[1, 2], [3, None]]], dtype=pl.Array(pl.Int8, (2, 2))),
    "lists of texts": lambda: pl.DataFrame({"a": [["x"], ["y", None], None], "b": [[[LONG]], [], [None]]}),
    "structs": lambda: pl.DataFrame({"a": [{"x": 1, "y": [None]}, {"x": None, "y": []}]}),
    "nothing": lambda: pl.Series("n", [None, None]),
    "no rows": lambda: pl.DataFrame(schema={"a": pl.Categorical, "b": pl.List(pl.Enum(["x"])), "c": pl.Datetime("ms", "UTC")}),
    "no columns": pl.DataFrame,
    "rows without columns": lambda: pl.DataFrame(height=3),
    "chunks": lambda: pl.concat([pl.DataFrame({"a": [1, None]}), pl.DataFrame({"a": [3]})], rechunk=False),
    "part of a frame": lambda: pl.DataFrame({"a": range(100), "b": [True, None] * 50, "c": [[i] for i in range(100)]})[3:90:7],
    "odd names": lambda: pl.DataFrame({"": [1], "__index_level_0__": [2], "a\nb": [3]}),
    "series without a name": lambda: pl.Series([1, 2]),
}
