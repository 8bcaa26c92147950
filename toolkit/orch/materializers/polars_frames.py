"""Frames and series of polars as Arrow files, by pyarrow: their bytes do not depend on what else the process had categories of.

Each column is built again and compared before anything is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orch.errors import MaterializationError
from orch.materializers import arrow_files, polars_types
from orch.materializers.arrow_arrays import NotKept
from orch.materializers.classes import type_name
from orch.model.artifacts import Artifact

if TYPE_CHECKING:
    from pathlib import Path

    from orch.model.canonical import Json
    from orch.stores.local import LocalStore

NAME: Final = "polars"
_OTHER_VERSION: Final = "install the version of polars that wrote it, or a later one"


def takes(value: Any) -> bool:
    import polars as pl

    return type(value) in (pl.DataFrame, pl.Series)


def save(value: Any, store: LocalStore) -> Artifact:
    import polars as pl

    arrow_files.check_installed(value)
    is_frame = type(value) is pl.DataFrame
    columns = value.get_columns() if is_frame else [value]
    packed = {column.name: _packed(column, "frame" if is_frame else "series") for column in columns}
    layout: dict[str, Json] = {"kind": "frame" if is_frame else "series"}
    if types := {name: dtype for name, (dtype, _) in packed.items() if dtype is not None}:
        layout["types"] = types
    if not columns and value.height:
        layout["height"] = value.height
    with store.create() as writer:
        arrow_files.write({name: array for name, (_, array) in packed.items()}, layout, writer)
    return Artifact(writer.digest, writer.size, NAME, type=type_name(value))


def load(artifact: Artifact, store: LocalStore, scratch: Path) -> object:  # noqa: ARG001 -- every materializer has it
    import polars as pl

    batch, layout = arrow_files.read_batch(store.path(artifact.digest))
    types = layout.get("types", {})
    try:
        columns = {name: _column(name, array, types.get(name)) for name, array in zip(batch.schema.names, batch.columns, strict=True)}
    except pl.exceptions.PanicException as error:  # which is no Exception
        raise MaterializationError(f"polars {pl.__version__} cannot make its columns: {error}", hint=_OTHER_VERSION) from error
    if layout["kind"] == "series":
        (column,) = columns.values()
        return column
    return pl.DataFrame(columns) if "height" not in layout else pl.DataFrame(height=layout["height"])


def _packed(column: Any, what: str) -> tuple[Json, Any]:
    """The data type, where Arrow has another, and the array."""
    import polars as pl

    try:
        return _pack(column)
    except (NotKept, ValueError, TypeError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        name, way_out = f"the frame's column {column.name!r}", f"frame.with_columns(pl.col({column.name!r}).cast(pl.String))"
        if what == "series":
            name, way_out = "the series", "series.cast(pl.String)"
        raise MaterializationError(f"{name} would not come back the same: {error}", hint=way_out) from error


def _pack(column: Any) -> tuple[Json, Any]:
    import polars as pl

    kept = polars_types.kept(column.dtype)
    plain = column if kept == column.dtype else column.cast(kept)
    array = plain.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    if column.dtype.base_type() in (pl.Categorical, pl.Enum):
        array = array.dictionary_encode()  # numbered as they come
    dtype = None if kept == column.dtype else polars_types.encode(column.dtype)
    again = _column(column.name, array, dtype)
    if again.dtype != column.dtype:
        raise NotKept(f"its dtype {column.dtype} would be {again.dtype}")
    if not again.equals(column, check_dtypes=True, null_equal=True):
        raise NotKept("its values or the order of its categories would be others")
    return dtype, array


def _column(name: str, array: Any, dtype: Json) -> Any:
    """Out of a table: before polars 2, texts in lists of an array alone were others, or none."""
    import polars as pl
    import pyarrow as pa

    table: Any = pl.from_arrow(pa.Table.from_arrays([array], names=["x"]))
    column = table.to_series()
    return (column if dtype is None else column.cast(polars_types.decode(dtype))).alias(name)
