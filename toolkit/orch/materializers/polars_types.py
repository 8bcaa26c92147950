"""Data types of polars as JSON, and the one whose values Arrow has in the same form everywhere.

The categories of a process are numbered in the order in which it met them, and Arrow has no integers of 128 bits: both are kept as text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orch.materializers.arrow_arrays import NotKept

if TYPE_CHECKING:
    from orch.model.canonical import Json

_PLAIN: Final = frozenset(
    "Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64 Float16 Float32 Float64 Boolean String Binary Date Time Null".split()
)
_AS_TEXT: Final = frozenset("Int128 UInt128 Categorical Enum".split())


def kept(dtype: Any) -> Any:
    """The type as which values of `dtype` are written; raises NotKept."""
    import polars as pl

    match _name(dtype):
        case name if name in _AS_TEXT:
            return pl.String()
        case "List":
            return pl.List(kept(dtype.inner))
        case "Array":
            return pl.Array(kept(dtype.inner), dtype.size)
        case "Struct":
            return pl.Struct([pl.Field(field.name, kept(field.dtype)) for field in dtype.fields])
        case name if name in _PLAIN or name in ("Datetime", "Duration", "Decimal"):
            return dtype
        case _:
            raise NotKept(f"its dtype is {dtype}")


def encode(dtype: Any) -> Json:
    match name := _name(dtype):
        case "Datetime":
            return [name, dtype.time_unit, dtype.time_zone]
        case "Duration":
            return [name, dtype.time_unit]
        case "Decimal":
            return [name, dtype.precision, dtype.scale]
        case "Enum":
            return [name, *dtype.categories.to_list()]
        case "Categorical":
            return [name, *_which(dtype)]
        case "List":
            return [name, encode(dtype.inner)]
        case "Array":
            return [name, encode(dtype.inner), dtype.size]
        case "Struct":
            return [name, *([field.name, encode(field.dtype)] for field in dtype.fields)]
        case _:
            return [name]


def decode(data: Json) -> Any:
    import polars as pl

    match data:
        case ["Datetime", unit, zone]:
            return pl.Datetime(unit, zone)
        case ["Duration", unit]:
            return pl.Duration(unit)
        case ["Decimal", precision, scale]:
            return pl.Decimal(precision, scale)
        case ["Enum", *names]:
            return pl.Enum(names)
        case ["Categorical"]:
            return pl.Categorical()
        case ["Categorical", ("physical" | "lexical") as ordering]:
            return pl.Categorical(ordering)
        case ["Categorical", name, namespace, physical] if physical in ("UInt8", "UInt16", "UInt32"):
            return pl.Categorical(pl.Categories(name, namespace, getattr(pl, physical)))
        case ["List", inner]:
            return pl.List(decode(inner))
        case ["Array", inner, int(size)]:
            return pl.Array(decode(inner), size)
        case ["Struct", *fields]:
            return pl.Struct([pl.Field(name, decode(inner)) for name, inner in fields])
        case [str(name)] if name in _PLAIN or name in _AS_TEXT:
            return getattr(pl, name)()
        case _:
            raise ValueError(f"{data!r} is no data type of polars")


def _which(dtype: Any) -> list[Json]:
    """What tells one type of categories from others: their names, or before polars had any, the order in which they are sorted."""
    categories = getattr(dtype, "categories", None)
    if categories is None:
        return [dtype.ordering]
    return [] if categories.is_global() else [categories.name(), categories.namespace(), _name(categories.physical())]


def _name(dtype: Any) -> str:
    """Of a type of polars' own."""
    kind = dtype if isinstance(dtype, type) else type(dtype)
    return kind.__name__ if kind.__module__.partition(".")[0] == "polars" else kind.__qualname__ + "?"
