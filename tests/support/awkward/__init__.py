"""Values that are easily changed on the way from one step to the next, by name; each is made anew where it is asked for."""

from __future__ import annotations

from collections.abc import Callable

from support.awkward import arrays, frames, instances, plain, tables

VALUES: dict[str, Callable[[], object]] = {
    f"{group}: {name}": make
    for group, table in (
        ("plain", plain.VALUES),
        ("instance", instances.VALUES),
        ("array", arrays.ARRAYS),
        ("scalar", arrays.SCALARS),
        ("frame", frames.FRAMES),
        ("part", frames.PARTS),
        ("single", frames.SINGLES),
        ("table", tables.TABLES),
        ("polars", tables.POLARS),
    )
    for name, make in table.items()
}
