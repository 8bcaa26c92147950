"""Whether two values are the same by type, dtype, index, order, flags and every bit; `==` says too little of nearly all."""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import importlib
import math
import struct
import uuid
from collections import deque
from pathlib import PurePath
from typing import Any

# Their stubs know no awkward values.
np: Any = importlib.import_module("numpy")
pa: Any = importlib.import_module("pyarrow")
pd: Any = importlib.import_module("pandas")
pl: Any = importlib.import_module("polars")


def assert_same(one: Any, other: Any, path: str = "$") -> None:
    assert type(one) is type(other), f"{path}: {type(one)} is not {type(other)}"
    if isinstance(one, np.ndarray):
        _same_arrays(one, other, path)
    elif isinstance(one, np.generic):
        assert (one.dtype, one.tobytes()) == (other.dtype, other.tobytes()), path
    elif isinstance(one, (pd.DataFrame, pd.Series, pd.Index)):
        _same_frames(one, other, path)
    elif isinstance(one, (pa.Table, pa.RecordBatch)):
        assert one.schema.equals(other.schema, check_metadata=True), path
        assert one.num_rows == other.num_rows, path
        for column, column_2 in zip(one.columns, other.columns, strict=True):  # a NaN is equal to none
            assert repr(column.to_pylist()) == repr(column_2.to_pylist()), path
    elif isinstance(one, pl.DataFrame):
        assert (one.schema, one.shape) == (other.schema, other.shape), path
        assert one.equals(other, null_equal=True), path
    elif isinstance(one, pl.Series):
        assert one.dtype == other.dtype, path
        assert one.equals(other, check_dtypes=True, check_names=True, null_equal=True), path
    elif one is pd.NaT or isinstance(one, pd.Timedelta):
        assert (one is other) or (one == other and one.unit == other.unit), path
    elif isinstance(one, pd.Timestamp):
        assert (one, one.unit, one.fold, one.tzinfo) == (other, other.unit, other.fold, other.tzinfo), path
    elif isinstance(one, float):
        assert struct.pack("d", one) == struct.pack("d", other) or (math.isnan(one) and math.isnan(other)), f"{path}: {one!r}, {other!r}"
    elif isinstance(one, dict):
        assert getattr(one, "default_factory", None) is getattr(other, "default_factory", None), path
        assert len(one) == len(other), path
        for i, ((key, item), (key_2, item_2)) in enumerate(zip(one.items(), other.items(), strict=True)):
            assert_same(key, key_2, f"{path}[key {i}]")
            assert_same(item, item_2, f"{path}[{i}]")
    elif isinstance(one, (list, tuple, deque)):
        assert (len(one), getattr(one, "maxlen", None)) == (len(other), getattr(other, "maxlen", None)), path
        for i, (item, item_2) in enumerate(zip(one, other, strict=True)):
            assert_same(item, item_2, f"{path}[{i}]")
    elif isinstance(one, (set, frozenset)):
        assert_same(sorted(one, key=_order), sorted(other, key=_order), path)
    elif isinstance(one, (dt.datetime, dt.time)):
        assert (repr(one), one.fold, one.tzname(), type(one.tzinfo)) == (repr(other), other.fold, other.tzname(), type(other.tzinfo)), path
    elif isinstance(one, (decimal.Decimal, complex, pd.Interval)):
        assert repr(one) == repr(other), path
    elif hasattr(one, "__dict__") and not isinstance(one, (PurePath, uuid.UUID, fractions.Fraction, dt.tzinfo, type)):
        assert_same(vars(one), vars(other), path)
        for name in ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__"):
            assert_same(getattr(one, name, None), getattr(other, name, None), f"{path}.{name}")
    else:
        assert one is other or one == other, f"{path}: {one!r}, {other!r}"


def _order(item: object) -> tuple[str, str]:
    return type(item).__qualname__, repr(item)


def _same_arrays(one: Any, other: Any, path: str) -> None:
    assert one.dtype == other.dtype, path
    assert one.dtype.type is other.dtype.type or one.dtype.kind in "iu", path  # longlong is int64 by another name
    assert (one.dtype.fields, one.dtype.isalignedstruct) == (other.dtype.fields, other.dtype.isalignedstruct), path
    assert one.shape == other.shape, path
    assert _layout(one) == _layout(other), path
    assert one.flags.writeable == other.flags.writeable, path
    if one.dtype.hasobject:
        assert_same(list(one.flat), list(other.flat), path)
    elif one.dtype.char in "gG":
        assert np.array_equal(one, other, equal_nan=True), path
    elif one.dtype.names and sum(one.dtype[i].itemsize for i in range(len(one.dtype.names))) < one.dtype.itemsize:
        for name in one.dtype.names:  # between them may be anything
            assert one[name].tobytes() == other[name].tobytes(), f"{path}.{name}"
    else:
        assert one.tobytes() == other.tobytes(), path


def _layout(array: Any) -> str:
    return "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"


def _same_frames(one: Any, other: Any, path: str) -> None:
    if isinstance(one, pd.Index):
        pd.testing.assert_index_equal(one, other, exact=True)
        assert_same(list(one.names), list(other.names), f"{path}.names")
        assert getattr(one, "freq", None) == getattr(other, "freq", None)
        if isinstance(one, pd.MultiIndex):
            for level, level_2 in zip(one.levels, other.levels, strict=True):
                _same_frames(level, level_2, path)
        elif one.dtype == object:
            assert_same(list(one), list(other), path)
        return
    _same_frames(one.index, other.index, f"{path}.index")
    assert (one.attrs, one.flags) == (other.attrs, other.flags)
    if isinstance(one, pd.Series):
        assert_same(one.name, other.name, f"{path}.name")
        _same_columns(one, other, path)
        return
    _same_frames(one.columns, other.columns, f"{path}.columns")
    for i in range(one.shape[1]):
        _same_columns(one.iloc[:, i], other.iloc[:, i], f"{path}[{i}]")


def _same_columns(one: Any, other: Any, path: str) -> None:
    assert one.dtype == other.dtype, path
    assert type(one.dtype) is type(other.dtype), path
    if isinstance(one.dtype, np.dtype):
        _same_arrays(np.array(one), np.array(other), path)
        return
    pd.testing.assert_series_equal(one, other, check_exact=True, check_names=False, check_index=False)
    if isinstance(one.dtype, pd.DatetimeTZDtype):
        assert (one.dt.tz, type(one.dt.tz)) == (other.dt.tz, type(other.dt.tz)), path
    if isinstance(one.dtype, pd.CategoricalDtype):
        _same_frames(one.cat.categories, other.cat.categories, f"{path}.categories")
