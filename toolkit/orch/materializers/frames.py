"""pandas frames, series and indexes as Arrow files, by pyarrow, which is asked for only here.

Each column is built again and compared before anything is stored, so that what would come back otherwise is an error now.
What Arrow has no words for (names that are no text, an index' frequency, attributes) is JSON in the file's metadata.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orch.errors import MaterializationError
from orch.materializers import arrow_files, cells, column_checks, columns, indexes
from orch.materializers.arrow_arrays import NotKept
from orch.materializers.classes import package, type_name
from orch.model.artifacts import Artifact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orch.model.canonical import Json
    from orch.stores.local import LocalStore

NAME: Final = "arrow"
_INDEX: Final = "frame.reset_index() makes it columns"
_COLUMNS: Final = "frame.columns = [str(name) for name in frame.columns]"


def takes(value: Any) -> bool:
    import pandas as pd

    return type(value) in (pd.DataFrame, pd.Series) or (isinstance(value, pd.Index) and package(type(value)) == "pandas")


def save(value: Any, store: LocalStore) -> Artifact:
    arrow_files.check_installed(value)
    table, layout = _table(value)
    with store.create() as writer:
        arrow_files.write(table, layout, writer)
    return Artifact(writer.digest, writer.size, NAME, type=type_name(value))


def load(artifact: Artifact, store: LocalStore, scratch: Path) -> object:  # noqa: ARG001 -- every materializer has it
    arrays, layout = arrow_files.read(store.path(artifact.digest))
    return _value(arrays, layout)


def _table(value: Any) -> tuple[dict[str, Any], Json]:
    """The columns of the file by unique names, and what else there is to know."""
    import pandas as pd

    if isinstance(value, pd.Index):
        layout, arrays = indexes.pack(value, "the index", "return a Series or a list")
        _check_index(value, layout, arrays, "the index", "return a Series or a list")
        return _index_columns(arrays), {"kind": "index", "index": layout}
    is_frame = isinstance(value, pd.DataFrame)
    what = "frame" if is_frame else "series"
    layout, arrays = indexes.pack(value.index, f"the {what}'s index", _INDEX)
    _check_index(value.index, layout, arrays, f"the {what}'s index", _INDEX)
    packed = list(_packed(value) if is_frame else [_packed_column(value, "series", what="series")])
    about: dict[str, Json] = {
        "kind": what,
        "index": layout,
        "values": [layout for layout, _ in packed],
        "attrs": cells.encode(value.attrs, f"the {what}'s attrs", f"{what}.attrs = {{}}"),
        "unique": not value.flags.allows_duplicate_labels,
    }
    if is_frame:
        names = _column_names(value.columns)
        about["columns"] = indexes.to_text(value.columns, "the frame's columns", _COLUMNS)
        if reason := indexes.difference(value.columns, indexes.from_text(about["columns"])):
            raise MaterializationError(f"the frame's columns would not come back the same: {reason}", hint=_COLUMNS)
    else:
        names = ["values"]
        about["name"] = cells.encode(value.name, "the name of the series", "series.rename('a name')")
    return dict(zip(names, (array for _, array in packed), strict=True)) | _index_columns(arrays), about


def _index_columns(arrays: list[Any]) -> dict[str, Any]:
    return {f"__index_level_{i}__": array for i, array in enumerate(arrays)}


def _column_names(labels: Any) -> list[str]:
    """The labels, if they can be the names of columns; else their positions."""
    import pandas as pd

    if not isinstance(labels, pd.MultiIndex) and labels.is_unique:
        names = list(labels)
        if all(type(name) is str and name.isprintable() and not name.startswith("__index_level_") for name in names):
            return names
    return [str(i) for i in range(len(labels))]


def _packed(frame: Any) -> Iterator[tuple[Json, Any]]:
    for i, label in enumerate(frame.columns):
        yield _packed_column(frame.iloc[:, i], label, what="frame")


def _packed_column(column: Any, label: object, *, what: str) -> tuple[Json, Any]:
    name = f"the frame's column {label!r}" if what == "frame" else "the series"
    try:
        return column_checks.pack_checked(column)
    except NotKept as error:
        hint = column_checks.way_out(column, label, what)
        raise MaterializationError(f"{name} would not come back the same: {error}", hint=hint) from error


def _check_index(index: Any, layout: Json, arrays: list[Any], holder: str, hint: str) -> None:
    try:
        reason = indexes.difference(index, indexes.unpack(layout, arrays))
    except (TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
    if reason:
        raise MaterializationError(f"{holder} would not come back the same: {reason}", hint=hint)


def _value(arrays: list[Any], layout: Json) -> Any:
    """What `_table` was made from."""
    import pandas as pd

    levels = indexes.width(layout["index"])
    count = len(layout.get("values", ()))
    if len(arrays) != count + levels:
        raise ValueError(f"{len(arrays)} columns, where {count + levels} belong")
    index = indexes.unpack(layout["index"], arrays[count:])
    if layout["kind"] == "index":
        return index
    values = [columns.unpack(one, array) for one, array in zip(layout["values"], arrays, strict=False)]
    if layout["kind"] == "series":
        found: Any = _series(values[0], index).rename(cells.decode(layout["name"]))
    else:
        found = pd.DataFrame({i: _series(one, index) for i, one in enumerate(values)}, index=index, copy=False)
        found.columns = indexes.from_text(layout["columns"])
    found.attrs = cells.decode(layout["attrs"])
    return found.set_flags(allows_duplicate_labels=False) if layout["unique"] else found


def _series(values: Any, index: Any) -> Any:
    """With its dtype named, as pandas takes objects for text where they look like it."""
    import pandas as pd

    return pd.Series(values, index=index, dtype=values.dtype, copy=False)
