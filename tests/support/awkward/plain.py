"""What the standard library has."""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import math
import pathlib
import uuid
import zoneinfo
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Final

_BERLIN: Final = zoneinfo.ZoneInfo("Europe/Berlin")
_SHARED: Final = [1]

VALUES: Final[dict[str, Callable[[], object]]] = {
    "nothing": lambda: None,
    "booleans are no numbers": lambda: [True, 1, 1.0, False, 0, 0.0, -0.0],
    "over 64 bits": lambda: [2**63, -(2**64), 10**4299, 10**4300, -(10**20_000)],
    "NaN and infinities": lambda: [math.nan, math.inf, -math.inf, 5e-324, 1.7976931348623157e308],
    "text": lambda: ["", "ä", "a\u0308", "\0", "\u202e", "\U0001f600", "\r\n", "${{ x }}", "$tuple", '"'],
    "half a surrogate pair": lambda: ["\ud800", {"\udfff": "\ud800\ud800"}],
    "bytes": lambda: [b"", b"\xff\0", bytearray(b"x")],
    "nested": lambda: [(), [()], ((),), {"a": [{"b": ({},)}]}, [[[[[[]]]]]]],
    "one list in two places": lambda: [_SHARED, _SHARED, {"a": _SHARED}],
    "tuples as keys": lambda: {(1, "a"): 1, (1, b"a"): 2, 1.5: 3, None: 4, True: 5, frozenset({1}): 6},
    "order of a dict": lambda: {"b": 1, "a": 2, "c": {"z": 1, "y": 2}},
    "keys that look like tags": lambda: {"$tuple": 1, "$": {"$artifact": {"digest": "x"}}},
    "sets": lambda: [set(), {1, "a", (2,), None}, frozenset({frozenset(), b"x"})],
    "collections": lambda: [OrderedDict(b=1, a=2), defaultdict(list, {"a": [1]}), Counter("abca"), deque([1, [2]], 3)],
    "moments": lambda: [
        dt.datetime(2026, 10, 25, 2, 30, tzinfo=_BERLIN, fold=1),
        dt.datetime(2026, 10, 25, 2, 30, tzinfo=_BERLIN),
        dt.datetime(1, 1, 1),  # noqa: DTZ001
        dt.datetime.max,  # noqa: DTZ901
        dt.datetime(2026, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=-1, seconds=1), "odd")),
        dt.date(2026, 2, 28),
        dt.time(23, 59, 59, 999_999, dt.UTC),
        dt.timedelta(-1, 5, 7),
        _BERLIN,
    ],
    "exact numbers": lambda: [
        decimal.Decimal("1.10"),
        decimal.Decimal("sNaN7"),
        decimal.Decimal("-Infinity"),
        decimal.Decimal("1E+400"),
        fractions.Fraction(1, 3),
        complex(-0.0, math.nan),
    ],
    "names": lambda: [uuid.UUID(int=7), pathlib.PurePosixPath("/a/../b"), pathlib.PureWindowsPath("C:/a")],
    "ranges": lambda: [range(0), range(10, -5, -3), slice(None, 5), ...],
}
