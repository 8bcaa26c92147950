"""Values without parts that JSON lacks, as the content of a tag: times, exact numbers, bytes, paths that are only names.

Their types are told by where they are from: a process that has no such value need not import its module, and these are dear
to import. What would not come back exactly has no content here, and is no plain value.
"""

from __future__ import annotations

import binascii
import sys
from collections.abc import Callable
from typing import Any, Final

from orch.model.canonical import Json

# Python refuses decimal texts of very long integers (4300 digits, at the least 640): beyond this they are hexadecimal.
_DECIMAL_BITS: Final = 2000

_TAGS: Final = {
    ("builtins", "bytes"): "$bytes",
    ("builtins", "bytearray"): "$bytearray",
    ("builtins", "complex"): "$complex",
    ("builtins", "range"): "$range",
    ("builtins", "ellipsis"): "$ellipsis",
    ("datetime", "datetime"): "$datetime",
    ("datetime", "date"): "$date",
    ("datetime", "time"): "$time",
    ("datetime", "timedelta"): "$timedelta",
    ("datetime", "timezone"): "$timezone",
    ("zoneinfo", "ZoneInfo"): "$zone",
    ("decimal", "Decimal"): "$decimal",
    ("fractions", "Fraction"): "$fraction",
    ("uuid", "UUID"): "$uuid",
    ("pathlib", "PurePosixPath"): "$posixpath",
    ("pathlib", "PureWindowsPath"): "$windowspath",
}


def is_short(number: int) -> bool:
    return number.bit_length() <= _DECIMAL_BITS


def tag_of(kind: type) -> str | None:
    """The tag of `kind`, if it is the type itself and not another one of its name."""
    place = kind.__module__.partition(".")[0], kind.__qualname__  # since 3.13 a path is from `pathlib._local`
    tag = _TAGS.get(place)
    if tag is None or kind is type(...):
        return tag
    return tag if getattr(sys.modules.get(place[0]), place[1], None) is kind else None


def content(tag: str, value: Any) -> Json:
    """What stands under `tag` for `value`, or None where that would not be all of it."""
    return _CONTENTS[tag](value)


def restore(tag: str, content: Json) -> object:
    """Raises ValueError, TypeError or ArithmeticError where `content` is none of `tag`'s."""
    return _VALUES[tag](content)


def text(value: str) -> Json:
    try:
        value.encode()
    except UnicodeEncodeError:  # a lone surrogate, as `os.fsdecode` makes them
        return {"$surrogates": base64(value.encode("utf-8", "surrogatepass"))}
    return value


def integer(value: int) -> Json:
    return value if is_short(value) else {"$int": hex(value)}


def base64(data: bytes | bytearray) -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def _integer(data: Json) -> int:
    return int(data["$int"], 16) if isinstance(data, dict) else _checked(data, int)


def _text(data: Json) -> str:
    return binascii.a2b_base64(data["$surrogates"]).decode("utf-8", "surrogatepass") if isinstance(data, dict) else _checked(data, str)


def _checked(data: Json, kind: type) -> Any:
    if type(data) is not kind:
        raise TypeError(f"{data!r} is not {kind.__name__}")
    return data


# --- times: their text, and what it leaves out ---


def _moment(value: Any) -> Json:
    """The text, or `[text, fold, zone]` where the text leaves out that the hour is the second of its name, or which zone it is in."""
    zone = value.tzinfo
    if zone is None or _is_in_text(zone):
        return [value.isoformat(), 1, None] if value.fold else value.isoformat()
    tag = tag_of(type(zone))
    held = content(tag, zone) if tag in ("$timezone", "$zone") else None
    return None if held is None else [value.replace(tzinfo=None).isoformat(), value.fold, {tag: held}]


def _is_in_text(zone: Any) -> bool:
    """UTC and unnamed fixed offsets are."""
    import datetime as dt

    return zone is dt.UTC or (type(zone) is dt.timezone and zone.tzname(None) == dt.timezone(zone.utcoffset(None)).tzname(None))


def _moment_again(kind: str) -> Callable[[Json], object]:
    def restored(data: Json) -> object:
        import datetime as dt

        parse = getattr(dt, kind).fromisoformat
        if isinstance(data, str):
            return parse(data)
        form, fold, zone = data
        moment = parse(form).replace(fold=fold)
        if zone is None:
            return moment
        ((tag, held),) = zone.items()
        if tag not in ("$timezone", "$zone"):
            raise ValueError(f"{tag!r} is not a zone")
        return moment.replace(tzinfo=restore(tag, held))

    return restored


def _date_again(data: Json) -> object:
    import datetime as dt

    return dt.date.fromisoformat(data)


def _timedelta_again(data: Json) -> Any:
    import datetime as dt

    days, seconds, microseconds = data
    return dt.timedelta(days, seconds, microseconds)


def _timezone(value: Any) -> Json:
    offset = value.utcoffset(None)
    held = [offset.days, offset.seconds, offset.microseconds]
    return held if _is_in_text(value) else [*held, value.tzname(None)]


def _timezone_again(data: Json) -> object:
    import datetime as dt

    offset = _timedelta_again(data[:3])
    return dt.timezone(offset, *data[3:]) if offset or data[3:] else dt.UTC


def _zone_again(data: Json) -> object:
    import zoneinfo

    return zoneinfo.ZoneInfo(data)


# --- the others ---


def _complex(value: complex) -> Json:
    return [repr(value.real), repr(value.imag)]


def _decimal_again(data: Json) -> object:
    import decimal

    return decimal.Decimal(_checked(data, str))


def _fraction_again(data: Json) -> object:
    import fractions

    return fractions.Fraction(*map(_integer, data))


def _uuid_again(data: Json) -> object:
    import uuid

    return uuid.UUID(data)


def _path_again(kind: str) -> Callable[[Json], object]:
    def restored(data: Json) -> object:
        import pathlib

        return getattr(pathlib, kind)(_text(data))

    return restored


_CONTENTS: Final[dict[str, Callable[[Any], Json]]] = {
    "$bytes": base64,
    "$bytearray": base64,
    "$complex": _complex,
    "$range": lambda value: [integer(number) for number in (value.start, value.stop, value.step)],
    "$ellipsis": lambda _: True,
    "$datetime": _moment,
    "$date": lambda value: value.isoformat(),
    "$time": _moment,
    "$timedelta": lambda value: [value.days, value.seconds, value.microseconds],
    "$timezone": _timezone,
    "$zone": lambda value: value.key,  # None for one from a file
    "$decimal": lambda value: str(value).replace("e", "E"),  # a context may ask for small letters
    "$fraction": lambda value: [integer(value.numerator), integer(value.denominator)],
    # Its digits alone: how safe it was to make is no part of it, and `uuid` compares without.
    "$uuid": str,
    "$posixpath": lambda value: text(str(value)),
    "$windowspath": lambda value: text(str(value)),
}
_VALUES: Final[dict[str, Callable[[Json], object]]] = {
    "$int": lambda data: int(data, 16),
    "$float": float,
    "$surrogates": lambda data: _text({"$surrogates": data}),
    "$bytes": binascii.a2b_base64,
    "$bytearray": lambda data: bytearray(binascii.a2b_base64(data)),
    "$complex": lambda data: complex(*map(float, data)),
    "$range": lambda data: range(*map(_integer, data)),
    "$ellipsis": lambda _: ...,
    "$datetime": _moment_again("datetime"),
    "$date": _date_again,
    "$time": _moment_again("time"),
    "$timedelta": _timedelta_again,
    "$timezone": _timezone_again,
    "$zone": _zone_again,
    "$decimal": _decimal_again,
    "$fraction": _fraction_again,
    "$uuid": _uuid_again,
    "$posixpath": _path_again("PurePosixPath"),
    "$windowspath": _path_again("PureWindowsPath"),
}
TAGS: Final = frozenset(_VALUES)
