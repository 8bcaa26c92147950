"""Single kinds of arrays in Arrow, and back as arrays of numpy and pandas."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from orch.materializers import cells, zones
from orch.materializers.classes import package, type_name
from orch.model import values

if TYPE_CHECKING:
    from collections.abc import Callable

    from orch.model.canonical import Json

_UNITS: Final = ("s", "ms", "us", "ns")


class NotKept(Exception):
    """Why this array has no exact form."""


def own(array: Any) -> Any:
    import numpy as np

    return np.array(array.to_numpy(zero_copy_only=False))


def numbers(values: Any) -> Any:
    import pyarrow as pa

    return pa.array(values, from_pandas=False)


def objects(items: Any) -> Any:
    import numpy as np

    found = list(items)
    array = np.empty(len(found), dtype=object)
    for i, item in enumerate(found):  # one by one: what is a list itself stays one item
        array[i] = item
    return array


def numpy_array(array: Any) -> tuple[Json, Any]:
    import numpy as np
    import pyarrow as pa

    kind = array.dtype.kind
    if kind == "O":
        return object_array(array)
    if kind in "mM" and np.datetime_data(array.dtype)[0] not in _UNITS:
        raise NotKept(f"its dtype is {array.dtype}")
    if kind in "biumM" or (kind == "f" and array.dtype.itemsize <= 8):
        if array.dtype.isnative:
            return ["numpy"], numbers(array)
    elif kind != "c" or array.dtype.itemsize > 16:
        raise NotKept(f"its dtype is {array.dtype}")
    data = np.ascontiguousarray(array)
    width = data.dtype.itemsize
    return ["bytes", data.dtype.str], pa.Array.from_buffers(pa.binary(width), len(data), [None, pa.py_buffer(data.view(np.uint8))])


def object_array(array: Any) -> tuple[Json, Any]:
    """By what its items are, if that is one type which Arrow keeps; else each item as JSON."""
    import pyarrow as pa

    items = array.tolist()
    kinds = set(map(type, items))
    single: Any = next(iter(kinds - {type(None)}), type(None)) if len(kinds - {type(None)}) <= 1 else None
    exact: dict[type, Callable[[], Any]] = {
        str: pa.large_string,
        bytes: pa.large_binary,
        bool: pa.bool_,
        int: pa.int64,
        float: pa.float64,
        dt.date: pa.date32,
        type(None): pa.null,
    }
    if kinds == {str, float} and all(item != item for item in items if type(item) is float):  # noqa: PLR0124 -- NaN
        kind, missing = pa.large_string(), "nan"
        items = [item if type(item) is str else None for item in items]
    else:
        kind, missing = exact.get(single, lambda: None)(), "none"
    if kind is not None:
        try:
            return ["objects", missing], pa.array(items, kind, from_pandas=False)
        except (pa.ArrowException, OverflowError, UnicodeEncodeError, ValueError):  # numbers of more than 64 bits, half a surrogate pair
            pass
    try:
        return ["cells"], pa.array([cells.text(item) for item in array.tolist()], pa.large_string())
    except values.NotPlain as error:
        raise NotKept(f"it holds objects that are not data: {type_name(error.value)!r}") from error
    except (RecursionError, UnicodeEncodeError) as error:
        raise NotKept("it holds what has no text") from error


def zoned(array: Any) -> tuple[Json, Any]:
    zone = zones.encode(array.dtype.tz)
    if zone is None:
        raise NotKept(f"its time zone is {type_name(array.dtype.tz)!r}, of a library whose zones have no name that holds everywhere")
    return ["zoned", zone], numbers(array.tz_convert(None).to_numpy())


def pair(left: Any, right: Any) -> Any:
    import pyarrow as pa

    return pa.StructArray.from_arrays([left, right], names=["left", "right"])


def text(array: Any) -> Any:
    import pyarrow as pa

    try:
        return single(pa.array(array, pa.large_string(), from_pandas=True))
    except UnicodeEncodeError as error:
        raise NotKept("it holds half a surrogate pair, which is no text") from error


def single(array: Any) -> Any:
    import pyarrow as pa

    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def masked(array: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    missing, data = np.asarray(array._mask), np.array(array._data)
    data[missing] = 0  # what was there before is nobody's data
    return pa.array(data, mask=missing, from_pandas=False)


def unmasked(array: Any, dtype: Any) -> Any:
    missing = array.is_null().to_numpy(zero_copy_only=False)
    zero = False if dtype.kind == "b" else 0
    return dtype.construct_array_type()(own(array.fill_null(zero) if missing.any() else array), missing.copy())


def extension(array: Any) -> tuple[Json, Any]:
    """Of another package, which says itself how it becomes Arrow and back."""
    import pandas as pd
    import pyarrow as pa

    name = str(array.dtype)
    try:
        if hasattr(array.dtype, "__from_arrow__") and pd.api.types.pandas_dtype(name) == array.dtype:
            return ["extension", name], single(pa.array(array))
    except (TypeError, ValueError, pa.ArrowException):
        pass
    raise NotKept(f"its dtype {name} of {package(type(array.dtype))!r} has no form in Arrow")
