"""One array of pandas as one array of Arrow, and what it takes to make the same of it again.

Each kind of dtype has a layout, JSON data that begins with its name. Nothing is left to guesses of either library: they take a
column of objects for numbers, and lose which zone, which memory or which kind of missing value it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orch.materializers import arrow_arrays, arrow_files, cells, zones
from orch.materializers.classes import package

if TYPE_CHECKING:
    from orch.model.canonical import Json


def pack(column: Any) -> tuple[Json, Any]:
    """The layout and the Arrow array of a series or of an index without levels; raises NotKept."""
    import numpy as np
    import pandas as pd

    dtype, array = column.dtype, column.array
    match dtype:
        case np.dtype():
            return arrow_arrays.numpy_array(column.to_numpy())
        case pd.CategoricalDtype():
            layout, categories = pack_labels(dtype.categories)
            return ["category", dtype.ordered, layout], coded(array.codes, categories)
        case pd.DatetimeTZDtype():
            return arrow_arrays.zoned(array)
        case pd.PeriodDtype():
            return ["period", dtype.name], arrow_arrays.numbers(array.asi8)
        case pd.IntervalDtype():
            (layout, left), (_, right) = pack(array.left), pack(array.right)
            return ["interval", dtype.closed, layout], arrow_arrays.pair(left, right)
        case pd.StringDtype():
            return ["string", dtype.storage, dtype.na_value is pd.NA], arrow_arrays.text(array)
        case pd.ArrowDtype():
            return ["arrow"], arrow_arrays.single(array.__arrow_array__())
        case pd.SparseDtype():
            raise arrow_arrays.NotKept("it is sparse")
        case _ if package(type(dtype)) == "pandas" and hasattr(array, "_mask"):
            return ["nullable", dtype.name], arrow_arrays.masked(array)
        case _:
            return arrow_arrays.extension(array)


def unpack(layout: Json, array: Any) -> Any:
    """An array of pandas or numpy of the caller's own."""
    import numpy as np
    import pandas as pd

    match layout:
        case ["numpy"]:
            return arrow_arrays.own(array)
        case ["bytes", str(dtype)]:
            buffer = array.buffers()[1]
            width = np.dtype(dtype).itemsize
            return np.frombuffer(buffer, dtype, len(array), array.offset * width).copy() if len(array) else np.empty(0, dtype)
        case ["objects", str(missing)]:
            return arrow_arrays.objects(float("nan") if item is None and missing == "nan" else item for item in array.to_pylist())
        case ["cells"]:
            return arrow_arrays.objects(map(cells.from_text, array.to_pylist()))
        case ["category", ordered, inner]:
            codes, labels = decoded(array, inner)
            return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(labels, ordered=ordered))
        case ["zoned", zone]:
            naive = pd.DatetimeIndex(arrow_arrays.own(array))
            return naive.tz_localize("UTC").tz_convert(zones.decode(zone)).array
        case ["period", str(freq)]:
            period: Any = pd.api.types.pandas_dtype(freq)
            return pd.arrays.PeriodArray(arrow_arrays.own(array), dtype=period)
        case ["interval", closed, inner]:
            left, right = (unpack(inner, array.field(i)) for i in (0, 1))
            return pd.arrays.IntervalArray.from_arrays(left, right, closed=closed)
        case ["string", str(storage), bool(is_na)]:
            dtype = pd.StringDtype(storage, na_value=pd.NA if is_na else np.nan)  # type: ignore[call-overload]
            return pd.array(arrow_arrays.objects(array.to_pylist()), dtype=dtype) if storage == "python" else dtype.__from_arrow__(array)
        case ["arrow"]:
            import pyarrow as pa

            return pd.arrays.ArrowExtensionArray(pa.chunked_array([array]))
        case ["nullable", str(name)]:
            return arrow_arrays.unmasked(array, pd.api.types.pandas_dtype(name))
        case ["extension", str(name)]:
            return pd.api.types.pandas_dtype(name).__from_arrow__(array)  # type: ignore[union-attr]
        case _:
            raise ValueError(f"{layout!r} is no layout of a column")


# --- labels: the categories of a column, a level of an index ---


def pack_labels(labels: Any) -> tuple[Json, Any]:
    """Of what positions lead to; raises NotKept. The array is None where the layout holds all of it."""
    import pyarrow as pa

    layout, array = pack_index(labels)
    if isinstance(array.type, pa.DictionaryType):  # Arrow's files have no dictionaries of dictionaries
        return ["text", arrow_files.to_text(array), layout], None
    return layout, array


def pack_index(labels: Any) -> tuple[Json, Any]:
    """Of an index without levels; raises NotKept."""
    import pandas as pd

    if isinstance(labels, pd.RangeIndex):
        return ["range", labels.start, labels.stop, labels.step], arrow_arrays.numbers(labels.to_numpy())
    layout, array = pack(labels)
    freq = getattr(labels, "freq", None)
    if freq is None or isinstance(labels, pd.PeriodIndex):
        return layout, array
    return ["freq", freq.freqstr, layout], array


def unpack_labels(layout: Json, array: Any) -> Any:
    import pandas as pd

    match layout:
        case ["range", start, stop, step]:
            return pd.RangeIndex(start, stop, step)
        case ["freq", str(freq), inner]:
            labels = unpack_labels(inner, array)
            return type(labels)(labels, freq=freq)
        case _:
            values = unpack(layout, array)
            return pd.Index(values, dtype=values.dtype, tupleize_cols=False)


def coded(codes: Any, labels: Any) -> Any:
    """Positions in `labels`, which are None where their layout has them; -1 is no value."""
    import pyarrow as pa

    return arrow_arrays.numbers(codes) if labels is None else pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), labels)


def decoded(array: Any, layout: Json) -> tuple[Any, Any]:
    import numpy as np

    if layout[0] == "text":
        return arrow_arrays.own(array), unpack_labels(layout[2], arrow_files.from_text(layout[1]))
    missing = array.indices.is_null().to_numpy(zero_copy_only=False)
    codes = arrow_arrays.own(array.indices.fill_null(0) if missing.any() else array.indices)
    return np.where(missing, codes.dtype.type(-1), codes), unpack_labels(layout, array.dictionary)
