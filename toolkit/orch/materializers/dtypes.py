"""What of a numpy dtype the text in an `.npy` file tells, and which bytes of an element are its value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def are_described(dtype: Any) -> bool:
    """Whether the dtype comes back from its description as it was: alignment, records and metadata are not in it."""
    import numpy as np

    if dtype.hasobject or dtype.isbuiltin == 2 or any(_is_special(part) for part in _parts(dtype)):
        return False
    try:
        return bool(np.lib.format.descr_to_dtype(np.lib.format.dtype_to_descr(dtype)) == dtype)
    except (TypeError, ValueError):  # fields that overlap
        return False


def has_long_doubles(dtype: Any) -> bool:
    return any(part.char in "gG" and not _is_double(part) for part in _parts(dtype))


def long_double_bits() -> int:
    """How many bits of a long double are its digits: it is another format on each kind of processor."""
    import numpy as np

    return int(np.finfo(np.longdouble).nmant)


def without_padding(array: Any) -> Any:
    """`array`, with zeros where its elements have bytes that mean nothing: equal arrays are equal bytes."""
    import numpy as np

    used = _used(array.dtype)
    if used.all() or not array.size:
        return array
    clean = np.array(array, order="F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C")
    flat = clean.T if clean.flags.f_contiguous and not clean.flags.c_contiguous else clean
    flat.reshape(-1).view(np.uint8).reshape(-1, array.itemsize)[:, ~used] = 0
    return clean


def _parts(dtype: Any) -> Iterator[Any]:
    yield dtype
    if dtype.subdtype:
        yield from _parts(dtype.subdtype[0])
    for name in dtype.names or ():
        yield from _parts(dtype.fields[name][0])


def _is_special(dtype: Any) -> bool:
    import numpy as np

    return bool(dtype.isalignedstruct or dtype.metadata or (dtype.kind == "V" and dtype.type is not np.void))


def _is_double(dtype: Any) -> bool:
    return bool(dtype.itemsize == (8 if dtype.char == "g" else 16))


def _used(dtype: Any) -> Any:
    """For each byte of an element, whether it is of the value."""
    import numpy as np

    if dtype.subdtype:
        base, shape = dtype.subdtype
        return np.tile(_used(base), int(np.prod(shape)))
    used = np.ones(dtype.itemsize, bool)
    if dtype.names:
        used[:] = False
        for name in dtype.names:
            part, offset = dtype.fields[name][:2]
            used[offset : offset + part.itemsize] |= _used(part)
    elif dtype.char in "gG" and long_double_bits() == 63:  # ten bytes of twelve or sixteen
        one = np.arange(dtype.itemsize // (1 if dtype.char == "g" else 2)) < 10
        used = np.tile(one if dtype.isnative else one[::-1], 1 if dtype.char == "g" else 2)
    return used
