"""What numpy has."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any, Final

# Their stubs know no awkward values.
np: Any = importlib.import_module("numpy")


DTYPES: Final = ["f2", "f4", ">f8", "c8", ">c16", "?", "i1", ">u8", "U5", "S5", ">U2", "V3", "M8[ns]", "M8[25us]", "m8[D]", "m8", ">M8[s]"]


def read_only(array: Any) -> Any:
    array.flags.writeable = False
    return array


def noisy(dtype: Any, *, fill: Any) -> Any:
    """Zeros of a dtype with gaps in it, and noise in the gaps."""
    array = np.frombuffer(bytearray(range(1, 1 + np.dtype(dtype).itemsize)) * 2, dtype)
    for name in array.dtype.names:
        array[name] = fill
    return array


def _lists() -> Any:
    array = np.empty(2, dtype=object)
    array[:] = [[1, 2], [3, 4]]
    return array


ARRAYS: Final[dict[str, Callable[[], Any]]] = {
    **{f"dtype {name}": functools.partial(np.zeros, 3, name) for name in DTYPES},
    "order F": lambda: np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "order F, part of it": lambda: np.asfortranarray(np.arange(30.0).reshape(5, 6))[1:3, ::2],
    "transposed": lambda: np.arange(24).reshape(2, 3, 4).T,
    "axes in another order": lambda: np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2),
    "every second": lambda: np.arange(10)[::2],
    "backwards": lambda: np.arange(10)[::-1],
    "broadcast": lambda: read_only(np.broadcast_to(np.arange(3.0), (4, 3))),
    "no dimension": lambda: np.array(1.5),
    "no dimension, objects": lambda: np.array(None, dtype=object),
    "no items": lambda: np.zeros((0, 3), order="F"),
    "empty text": lambda: np.zeros((2, 2), "U0"),
    "read-only": lambda: read_only(np.arange(3)),
    "NaN of any kind, and zeros": lambda: np.array([0x7FF8000000000001, 0xFFF8000000000000, 0x8000000000000000], "u8").view("f8"),
    "infinities": lambda: np.array([np.inf, -np.inf, complex(np.nan, -0.0)]),
    "no time": lambda: np.array(["NaT", "2020-01-01"], "M8[us]"),
    "text that ends in zeros": lambda: np.array([b"a\0", b"\0"]),
    "structure": lambda: np.array([(1, (2.0, b"x"))], [("a", "i4"), ("in", [("b", ">f8"), ("c", "S1")])]),
    "structure with parts that are arrays": lambda: np.zeros(2, [("a", "i4", (2, 3))]),
    "structure with titles": lambda: np.zeros(2, [(("a title", "a"), "i4")]),
    "structure with names that are no Latin": lambda: np.zeros(2, [("\u03b1", "i4")]),
    "structure without fields": lambda: np.zeros(2, []),
    "structure with gaps": lambda: noisy({"names": ["a", "b"], "formats": ["i4", "f8"], "offsets": [2, 16], "itemsize": 30}, fill=5),
    "long doubles": lambda: np.array([1, -0.0, np.inf], "g") / 3,
    "complex long doubles": lambda: np.array([1 + 2j], "G"),
    "longlong": lambda: np.zeros(2, "longlong"),
    "objects": lambda: np.array([1, "x", None, 2.5, (1,), [2], {"k": 1}, np.float32(1)], dtype=object),
    "objects in order F": lambda: np.array([["a", "b"], ["c", None]], dtype=object, order="F"),
    "lists of one length as objects": _lists,
    "text of any length": lambda: np.array(["a" * 50, "", "\u00e4"], dtype=np.dtypes.StringDType()),
    "text of any length, missing": lambda: np.array(["a", None], dtype=np.dtypes.StringDType(na_object=None, coerce=False)),
}


SCALARS: Final[dict[str, Callable[[], Any]]] = {
    "numbers": lambda: [np.float64(0.1), np.float32(0.1), np.float16(0.1), np.int8(-1), np.uint64(2**64 - 1), np.bool_(True)],
    "NaN and zeros": lambda: [np.float64("nan"), np.float32("-inf"), np.float64(-0.0)],
    "complex": lambda: np.complex64(1 + 2j),
    "times": lambda: [np.datetime64("2020", "Y"), np.datetime64("NaT", "ns"), np.timedelta64(5, "s")],
    "text": lambda: [np.str_("\u00e4"), np.bytes_(b"ab"), np.str_("")],
    "as keys": lambda: {np.int64(1): 1, np.str_("a"): {np.float64(2.0)}},
}
