"""What an array, a frame, a table or a tensor is, in a line: its shape and its types, and the first numbers of a tensor.

Only of what the libraries themselves call so, which are there already if somebody has a value of theirs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from orch.materializers.classes import package, type_name

_ITEMS: Final = 12
_PACKAGES: Final = frozenset({"numpy", "pandas", "polars", "pyarrow", "torch"})

Plain = Callable[[object], str]


def takes(kind: type) -> bool:
    """Whether a class is what the package itself calls so: others may claim to be of it."""
    name = package(kind)
    module = sys.modules.get(name) if name in _PACKAGES else None
    if module is None:
        return False
    if kind.__name__ in ("NaTType", "NAType"):
        return kind in (type(module.NaT), type(module.NA))
    if kind.__name__ == "Parameter":
        return kind is module.nn.Parameter
    return getattr(module, kind.__name__, None) is kind or (name == "numpy" and kind in set(module.sctypeDict.values()))


def text(value: Any, plain: Plain, *, alone: bool) -> str:
    """`plain` is what a label or a text in it is shown as; `alone`: the value is not one of many."""
    match package(type(value)), type(value).__name__:
        case "numpy", _:
            return _array(value, plain)
        case "pandas", _:
            return _frame(value, plain)
        case "pyarrow", "Table" | "RecordBatch":
            return _table("table", value, ((field.name, field.type) for field in value.schema), plain)
        case "polars", "DataFrame":
            return _table("frame", value, value.schema.items(), plain)
        case "polars", "Series":
            return f"series of {len(value)}, {value.dtype}"
        case "torch", "Tensor" | "Parameter":
            return _tensor(value, alone=alone)
        case _:
            return type_name(value)


def _array(value: Any, plain: Plain) -> str:
    if type(value).__name__ == "ndarray":
        return f"array {_sides(value)}, {value.dtype}"
    if getattr(value, "ndim", None) != 0 or not hasattr(value, "tolist"):
        return type_name(value)
    return plain(str(value)) if value.dtype.kind in "USV" else str(value)


def _frame(value: Any, plain: Plain) -> str:
    match type(value).__name__:
        case "DataFrame":
            part = value.iloc[:0, :_ITEMS]
            return _table("frame", value, zip(part.columns, part.dtypes, strict=True), plain)
        case "Series":
            return f"series of {value.shape[0]}, {value.dtype}"
        case name if name.endswith("Index"):
            return f"index of {value.shape[0]}, {value.dtype}"
        case "Timestamp" | "Timedelta" | "Period" | "Interval" | "NaTType" | "NAType":
            return str(value)
        case _:
            return type_name(value)


def _table(what: str, value: Any, columns: Iterable[tuple[Any, Any]], plain: Plain) -> str:
    shown = ", ".join(f"{plain(name)}: {kind}" for name, kind in islice(columns, _ITEMS))
    return f"{what} {value.shape[0]}x{value.shape[1]} ({shown}{', …' if value.shape[1] > _ITEMS else ''})"


def _tensor(value: Any, *, alone: bool) -> str:
    dtype = str(value.dtype).removeprefix("torch.")
    told = f"tensor {_sides(value)}, {dtype}"
    count = value.numel()
    if not alone or not count or value.device.type != "cpu" or str(value.layout) != "torch.strided" or value.is_quantized:
        return told
    numbers = [_short(number) for number in islice(_numbers(value.detach()), _ITEMS)]
    return f"{told}: {', '.join(numbers)}{', …' if count > _ITEMS else ''}"


def _numbers(tensor: Any) -> Iterator[Any]:
    """One after the other: a flat form of a large tensor may be a copy."""
    if not tensor.dim():
        yield tensor.item()
        return
    for i in range(tensor.shape[0]):
        yield from _numbers(tensor[i])


def _short(number: Any) -> str:
    return str(number) if isinstance(number, int) else f"{number:.6g}"


def _sides(value: Any) -> str:
    return "x".join(map(str, value.shape)) or "of no dimension"
