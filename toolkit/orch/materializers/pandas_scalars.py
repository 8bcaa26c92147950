"""Single values of pandas, inside the document: moments, durations, periods, intervals, and what stands for a missing one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orch.materializers.classes import package
from orch.model import values

if TYPE_CHECKING:
    from orch.model.canonical import Json


def takes(value: Any) -> bool:
    """Not a moment in a zone of a library whose zones have no name here."""
    if package(type(value)) != "pandas":
        return False
    import pandas as pd

    if value is pd.NaT or value is pd.NA or type(value) in (pd.Timedelta, pd.Period):
        return True
    if type(value) is pd.Interval:
        return type(value.left) in (int, float) or takes(value.left)
    if type(value) is not pd.Timestamp:
        return False
    try:
        again: Any = decode(encode(value)["$pandas"])
    except values.NotPlain:
        return False
    return bool(again == value and (again.unit, again.fold) == (value.unit, value.fold) and again.tzinfo is value.tzinfo)


def encode(value: Any) -> Json:
    return {"$pandas": _content(value)}


def _content(value: Any) -> list[Json]:
    import pandas as pd

    if value is pd.NaT or value is pd.NA:
        return ["NaT" if value is pd.NaT else "NA"]
    match value:
        case pd.Timestamp():
            return ["Timestamp", _number(value.to_datetime64()), value.unit, values.encode(value.tzinfo)]
        case pd.Timedelta():
            return ["Timedelta", _number(value.to_timedelta64()), value.unit]
        case pd.Period():
            return ["Period", value.ordinal, value.freqstr]
        case _:
            return ["Interval", _end(value.left), _end(value.right), value.closed]


def _number(moment: Any) -> int:
    return int(moment.astype("i8"))


def _end(value: Any) -> Json:
    return values.encode(value) if type(value) in (int, float) else encode(value)


def _unit(name: str) -> Any:
    if name not in ("s", "ms", "us", "ns"):
        raise ValueError(f"{name!r} is no unit of time")
    return name


def decode(content: Json) -> object:
    import numpy as np
    import pandas as pd

    make: Any = pd  # its stubs take only what is written out

    match content:
        case ["NaT"]:
            return make.NaT
        case ["NA"]:
            return make.NA
        case ["Timestamp", int(number), str(unit), zone]:
            moment = make.Timestamp(np.datetime64(number, _unit(unit)))
            return moment if zone is None else moment.tz_localize("UTC").tz_convert(values.decode(zone))
        case ["Timedelta", int(number), str(unit)]:
            return make.Timedelta(np.timedelta64(number, _unit(unit)))
        case ["Period", int(number), str(freq)]:
            return make.Period(ordinal=number, freq=freq)
        case ["Interval", left, right, str(closed)]:
            return make.Interval(*(values.decode(end, lambda data, _: decode(data["$pandas"])) for end in (left, right)), closed)
        case _:
            raise ValueError(f"{content!r} is no value of pandas")
