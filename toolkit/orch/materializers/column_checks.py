"""What is asked of a packed column before anything is stored: is it the same when it is built again, and what to do if not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orch.materializers import cells
from orch.materializers.arrow_arrays import NotKept
from orch.materializers.columns import pack, unpack

if TYPE_CHECKING:
    from orch.model.canonical import Json


def pack_checked(column: Any) -> tuple[Json, Any]:
    """As `pack`; raises NotKept also where what is built again differs."""
    layout, array = pack(column)
    if reason := difference(column, layout, array):
        raise NotKept(reason)
    return layout, array


def difference(column: Any, layout: Json, array: Any) -> str:
    """How the column that is built again differs, in words."""
    import numpy as np
    import pandas as pd

    if layout[0] in ("numpy", "bytes"):
        before, after = column.to_numpy(), unpack(layout, array)
        same = before.dtype == after.dtype and np.array_equal(_bits(before), _bits(after))
        return "" if same else f"its values as {before.dtype}"
    if layout[0] == "objects":  # of one type, which Arrow keeps
        return ""
    again = unpack(layout, array)
    if layout[0] == "cells":
        same = all(cells.text(one) == cells.text(other) for one, other in zip(column.array, again, strict=True))
        return "" if same else "an object in it"
    if again.dtype != column.dtype:
        return f"its dtype {column.dtype!r} would be {again.dtype!r}"
    try:
        pd.testing.assert_extension_array_equal(column.array, again, check_exact=True)
    except (AssertionError, TypeError, ValueError) as error:
        return " ".join(str(error).split())
    return ""


def _bits(array: Any) -> Any:
    import numpy as np

    return np.ascontiguousarray(array).view(np.uint8)


def way_out(column: Any, label: object, what: str) -> str:
    import pandas as pd

    chosen = f"frame[{label!r}]" if what == "frame" else "series"
    if isinstance(column.dtype, pd.SparseDtype):
        return f"{chosen}.sparse.to_dense()"
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return f"{chosen}.dt.tz_convert('Europe/Berlin'), as the zone is called"
    if column.dtype.kind in "fcmM":
        return f"{chosen}.astype(...) to a dtype that every machine has, as float64"
    return f"make it of one type, as {chosen}.astype(str), or return the {what}'s parts as lists or arrays"
