"""Indexes of pandas as columns: of a frame's rows as columns of its table, of its columns as a table of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orch.errors import MaterializationError
from orch.materializers import arrow_files, cells, columns
from orch.materializers.arrow_arrays import NotKept
from orch.materializers.classes import type_name

if TYPE_CHECKING:
    from orch.model.canonical import Json


def pack(index: Any, holder: str, hint: str) -> tuple[Json, list[Any]]:
    """The layout and the columns; raises MaterializationError with `holder`, as "the frame's index"."""
    import pandas as pd

    if type(index).__module__.partition(".")[0] != "pandas":
        raise MaterializationError(f"{holder} is a {type_name(index)}, which would come back as another class", hint=hint)
    names = [cells.encode(name, f"the name of {holder}", hint) for name in index.names]
    if isinstance(index, pd.RangeIndex):
        return {"names": names, "range": [index.start, index.stop, index.step]}, []
    try:
        if not isinstance(index, pd.MultiIndex):
            layout, array = columns.pack_index(index)
            return {"names": names, "labels": layout}, [array]
        levels = [columns.pack_labels(level) for level in index.levels]
    except NotKept as error:
        raise MaterializationError(f"{holder} would not come back the same: {error}", hint=hint) from error
    codes = [columns.coded(code, array) for code, (_, array) in zip(index.codes, levels, strict=True)]
    return {"names": names, "levels": [layout for layout, _ in levels]}, codes


def unpack(layout: Json, arrays: list[Any]) -> Any:
    import pandas as pd

    names = [cells.decode(name) for name in layout["names"]]
    match layout:
        case {"range": [start, stop, step]}:
            return pd.RangeIndex(start, stop, step, name=names[0])
        case {"labels": labels}:
            return columns.unpack_labels(labels, arrays[0]).rename(names[0])
        case {"levels": levels}:
            coded = [columns.decoded(array, level) for array, level in zip(arrays, levels, strict=True)]
            index = pd.MultiIndex(levels=[level for _, level in coded], codes=[codes for codes, _ in coded])
            return index.set_names(names)
        case _:
            raise ValueError(f"{layout!r} is no layout of an index")


def width(layout: Json) -> int:
    """How many columns an index takes."""
    return 0 if "range" in layout else len(layout["names"])


def to_text(index: Any, holder: str, hint: str) -> Json:
    """All of an index as JSON data, for the one of a frame's columns, which is as long as the frame is wide."""
    layout, arrays = pack(index, holder, hint)
    return {"layout": layout, "tables": [arrow_files.to_text(array) for array in arrays]}


def from_text(data: Json) -> Any:
    return unpack(data["layout"], [arrow_files.from_text(table) for table in data["tables"]])


def difference(index: Any, back: Any) -> str:
    """How an index that was built again differs, in words."""
    import pandas as pd

    try:
        pd.testing.assert_index_equal(index, back, exact=True, check_exact=True, check_names=True)
    except (AssertionError, TypeError, ValueError) as error:
        return " ".join(str(error).split())
    if getattr(index, "freq", None) != getattr(back, "freq", None):
        return f"its frequency {index.freq!r}"
    if list(map(type, index.names)) != list(map(type, back.names)):
        return "its names are of other types"
    return ""
