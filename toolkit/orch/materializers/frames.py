"""pandas frames, series and indexes as Arrow files, by pyarrow, which is asked for only here.

Arrow keeps nearly all; what pandas' own conversion leaves out (an index' frequency, a range as columns, objects that
Arrow takes for a type of its own) is in the file's metadata under `orch`. Then the frame is built again and compared,
so that what would come back otherwise is an error now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orch.errors import MaterializationError
from orch.materializers.classes import type_name
from orch.materializers.previews import preview
from orch.model import canonical, values
from orch.model.artifacts import Artifact

if TYPE_CHECKING:
    from pathlib import Path

    from orch.model.canonical import Json
    from orch.stores.local import LocalStore

NAME: Final = "arrow"
_KEY: Final = b"orch"
_VALUES: Final = "values"  # the column of a series


def takes(value: Any) -> bool:
    import pandas as pd

    return type(value) in (pd.DataFrame, pd.Series) or isinstance(value, pd.Index)


def save(value: Any, store: LocalStore) -> Artifact:
    try:
        import pyarrow as pa
    except ModuleNotFoundError as error:
        message = f"a value of type {type_name(value)!r} is stored as Arrow, and pyarrow is not installed"
        raise MaterializationError(message, hint="add pyarrow to the project's requirements") from error
    frame, kind = _as_frame(value)
    written = _written(_batch(frame, kind))
    try:
        again = _value(pa.ipc.open_file(written).read_all())
    except Exception as error:  # what pandas says of data that it cannot build from
        message = f"the frame cannot be built again from its Arrow table: {error}"
        raise MaterializationError(message, hint="use text as names of columns and index") from error
    _check(frame, again)
    with store.create() as writer:
        writer.write(written)
    return Artifact(digest=writer.digest, size=writer.size, materializer=NAME, type=type_name(value), preview=preview(value))


def _written(batch: Any) -> Any:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as file:
        file.write_batch(batch)
    return sink.getvalue()


def load(artifact: Artifact, store: LocalStore, scratch: Path) -> object:  # noqa: ARG001 -- every materializer has it
    import pyarrow as pa

    with pa.OSFile(str(store.path(artifact.digest))) as source, pa.ipc.open_file(source) as file:
        return _value(file.read_all())


def _as_frame(value: Any) -> tuple[Any, dict[str, Json]]:
    """A frame that holds all of `value`, and what makes it a series or an index again."""
    import pandas as pd

    if isinstance(value, pd.Index):
        return pd.DataFrame(index=value), {"kind": "index"}
    if isinstance(value, pd.Series):
        name = _encoded(value.name, "the name of the series holds", "series.rename('a name')")
        frame = value.to_frame(name=_VALUES)
        frame.attrs = value.attrs
        return frame, {"kind": "series", "name": name}
    return value, {"kind": "frame"}


def _encoded(value: object, holder: str, hint: str) -> Json:
    try:
        return values.encode(value)
    except values.NotPlain as error:
        raise MaterializationError(f"{holder} what is not plain data: {type_name(error.value)!r}", hint=hint) from error


def _is_nullable_text(dtype: Any) -> bool:
    """Text whose missing value is NA: Arrow does not tell in whose memory pandas had it."""
    import pandas as pd

    return isinstance(dtype, pd.StringDtype) and dtype.na_value is pd.NA


def _batch(frame: Any, kind: dict[str, Json]) -> Any:
    import pandas as pd
    import pyarrow as pa

    _check_names(frame)
    layout = kind | {
        "columns": _index_layout(frame.columns),
        "index": _index_layout(frame.index),
        "attrs": _encoded(frame.attrs, "the frame's attrs hold", "frame.attrs = {}"),
        "strings": [[i, dtype.storage] for i, dtype in enumerate(frame.dtypes) if _is_nullable_text(dtype)],
        "objects": [[i, _missing(frame.iloc[:, i])] for i, dtype in enumerate(frame.dtypes) if str(dtype) == "object"],
    }
    bare = frame.copy(deep=False)
    bare.attrs = {}  # pyarrow would put what JSON makes of them into the file
    try:
        table = pa.Table.from_pandas(bare)
    except (pa.ArrowException, TypeError, ValueError, OverflowError, NotImplementedError) as error:
        raise _culprit(frame, error) from error
    if len(table.column_names) < frame.shape[1] + (0 if isinstance(frame.index, pd.RangeIndex) else 1):
        raise MaterializationError("the frame has columns that Arrow would leave out", hint="name every column differently")
    schema = table.schema.with_metadata({**(table.schema.metadata or {}), _KEY: canonical.dumps(layout).encode()})
    return pa.RecordBatch.from_arrays([_canonical(column) for column in table.columns], schema=schema)


def _canonical(column: Any) -> Any:
    """One array for all of a column, with zeros where it has no value: what was there before is nobody's data."""
    import numpy as np
    import pyarrow as pa

    array = column.combine_chunks()
    return array.take(pa.array(np.arange(len(array)))) if array.null_count else array


def _missing(column: Any) -> str:
    """What stands for a missing value in a column of objects: Arrow has one kind."""
    missing = column[column.isna()]
    return "nan" if len(missing) and all(type(item) is float for item in missing) else "none"


def _check_names(frame: Any) -> None:
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise MaterializationError(f"the frame has more than one column {twice[0]!r}", hint="give every column a name of its own")
    for name in frame.index.names:
        if name is not None and type(name) is not str:
            raise MaterializationError(f"the index is named {name!r}, which is not text", hint="frame.rename_axis(index='a name')")


def _index_layout(index: Any) -> dict[str, Json]:
    import pandas as pd

    if isinstance(index, pd.RangeIndex):
        return {"range": [index.start, index.stop, index.step]}
    if isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex)) and index.freq is not None:
        return {"freq": index.freqstr}
    if str(index.dtype) == "object" and not isinstance(index, pd.MultiIndex):
        return {"dtype": "object"}
    return {}


def _culprit(frame: Any, error: Exception) -> MaterializationError:
    """The columns that Arrow refuses, by trying each alone."""
    import pyarrow as pa

    refused = []
    for i, name in enumerate(frame.columns):
        try:
            pa.Table.from_pandas(frame.iloc[:, [i]], preserve_index=False)
        except Exception:  # noqa: BLE001 -- whatever it is, it is the column's
            refused.append((name, frame.dtypes.iloc[i]))
    reason = " ".join(str(part) for part in error.args) or type(error).__name__
    if not refused:
        return MaterializationError(
            f"the frame cannot become an Arrow table: {reason}", hint="frame.reset_index() makes the index a column"
        )
    named = ", ".join(f"{name!r} ({dtype})" for name, dtype in refused)
    return MaterializationError(f"the frame's column {named} has no exact form in Arrow: {reason}", hint=_way_out(refused[0][0]))


def _way_out(name: object) -> str:
    return f"make it of one type, as frame[{name!r}].astype(str), or return the frame's parts as lists or arrays"


def _value(table: Any) -> Any:
    """What a table of `_batch` was made from."""
    import pandas as pd

    layout = canonical.loads(table.schema.metadata[_KEY])
    frame = table.to_pandas()
    for i, missing in layout["objects"]:
        # to_pandas guesses a type for these; the list has each object as it was.
        objects = table.column(i).to_pylist()
        if missing == "nan":
            objects = [float("nan") if item is None else item for item in objects]
        frame.isetitem(i, pd.Series(objects, index=frame.index, dtype=object))
    for i, storage in layout["strings"]:
        frame.isetitem(i, frame.iloc[:, i].astype(pd.StringDtype(storage)))
    for i, dtype in enumerate(frame.dtypes):
        if isinstance(dtype, pd.CategoricalDtype):  # its codes are the table's own, which nobody may write to
            frame.isetitem(i, frame.iloc[:, i].copy())
    frame.index = _index(frame.index, layout["index"])
    frame.columns = _index(frame.columns, layout["columns"])
    frame.attrs = values.decode(layout["attrs"])
    match layout["kind"]:
        case "index":
            return frame.index
        case "series":
            series = frame[_VALUES].rename(values.decode(layout["name"]))
            series.attrs = frame.attrs
            return series
        case _:
            return frame


def _index(index: Any, layout: dict[str, Json]) -> Any:
    import pandas as pd

    match layout:
        case {"range": [start, stop, step]}:
            return pd.RangeIndex(start, stop, step, name=index.name)
        case {"freq": freq}:
            return type(index)(index, freq=freq, name=index.name)
        case {"dtype": "object"}:
            return index.astype(object)
        case _:
            return index


def _check(frame: Any, again: Any) -> None:
    """Raise unless `again`, built from the table, is `frame` by dtype, index, columns and order."""
    back, _ = _as_frame(again)
    for part, hint in (
        ("index", "frame.reset_index() makes it columns"),
        ("columns", "frame.columns = [str(name) for name in frame.columns]"),
    ):
        if reason := _index_difference(getattr(frame, part), getattr(back, part)):
            raise MaterializationError(f"the frame's {part} would not come back the same: {reason}", hint=hint)
    for i, name in enumerate(frame.columns):
        if reason := _column_difference(frame.iloc[:, i], back.iloc[:, i]):
            raise MaterializationError(f"the frame's column {name!r} would not come back the same: {reason}", hint=_way_out(name))
    if frame.flags != back.flags:
        raise MaterializationError("the frame's flags would not come back the same", hint="frame.set_flags(allows_duplicate_labels=True)")


def _index_difference(index: Any, back: Any) -> str:
    import pandas as pd

    try:
        pd.testing.assert_index_equal(index, back, exact=True, check_exact=True, check_names=True)
    except (AssertionError, TypeError, ValueError) as error:
        return _sentence(error)
    if getattr(index, "freq", None) != getattr(back, "freq", None):
        return f"its frequency {index.freq!r}"
    levels = range(index.nlevels)
    return next((reason for i in levels if (reason := _objects_difference(index.get_level_values(i), back.get_level_values(i)))), "")


def _column_difference(column: Any, back: Any) -> str:
    import pandas as pd

    if column.dtype != back.dtype:
        return f"its dtype {column.dtype!r} would be {back.dtype!r}"
    if str(column.dtype) == "object":
        return _objects_difference(column, back)
    try:
        pd.testing.assert_series_equal(column, back, check_exact=True, check_index=False, check_names=False, check_freq=False)
    except (AssertionError, TypeError, ValueError) as error:
        return _sentence(error)
    return ""


def _objects_difference(items: Any, back: Any) -> str:
    """`==` says too little of objects: 1 is True, None and NaN are both missing, Decimal('1.0') is Decimal('1.00')."""
    if str(items.dtype) != "object":
        return ""
    for one, other in zip(items, back, strict=True):
        try:
            same = type(one) is type(other) and canonical.dumps(values.encode(one)) == canonical.dumps(values.encode(other))
        except values.NotPlain as error:
            return f"it holds a {type_name(error.value)!r}"
        if not same:
            return f"{preview(one)} ({type_name(one)}) would be {preview(other)} ({type_name(other)})"
    return ""


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())
