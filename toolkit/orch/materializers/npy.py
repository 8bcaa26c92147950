"""The file format of numpy, written in pieces and read by what it says before anything of that size is made."""

from __future__ import annotations

import ast
import io
import math
import os
import re
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from orch.errors import MaterializationError

if TYPE_CHECKING:
    from orch.stores.local import Writer

_PIECE: Final = 1 << 20  # what was written is hashed while the processor still has it at hand
# A header is as long as its structured dtype has names; thousands fit.
_LONGEST_HEADER: Final = 1 << 20
_DEEPEST: Final = 64
_VERSIONS: Final = {(1, 0): (2, "latin-1"), (2, 0): (4, "latin-1"), (3, 0): (4, "utf-8")}
_TEXT: Final = re.compile(r"'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\"")
# A header is data: Python's own parser, asked for a sum of thousands or brackets in brackets, takes the memory of the machine.
_DATA: Final = re.compile(r"(?:[\s\[\](){},:]|\d{1,20}|True|False|None)*+")


def write(array: Any, writer: Writer) -> None:
    """As numpy itself writes it, in the oldest version of the format that can describe the array, without its warning."""
    import numpy as np

    header = _header(array)
    if header is None:
        np.lib.format.write_array(writer, array, (3, 0), allow_pickle=False)
        return
    writer.write(header)
    if not array.nbytes:
        return
    if array.flags.c_contiguous or array.flags.f_contiguous:
        flat = (array if array.flags.c_contiguous else array.T).reshape(-1).view(np.uint8)
        for start in range(0, flat.size, _PIECE):
            writer.write(flat[start : start + _PIECE])
        return
    count = max(1, _PIECE // array.itemsize)
    for piece in np.nditer(array, flags=["external_loop", "buffered", "zerosize_ok"], buffersize=count, order="C"):
        writer.write(piece.tobytes("C"))  # type: ignore[attr-defined]


def _header(array: Any) -> bytes | None:
    """None where only the newest version can tell the names of the fields."""
    import numpy as np

    data = np.lib.format.header_data_from_array_1_0(array)
    for write_header in (np.lib.format.write_array_header_1_0, np.lib.format.write_array_header_2_0):
        text = io.BytesIO()
        try:
            write_header(text, data)
        except ValueError:
            continue
        return text.getvalue()
    return None


def read(file: BinaryIO) -> Any:
    """The array in `file`, which may be anybody's; raises MaterializationError where it is none that `write` writes."""
    import numpy as np

    dtype, shape, in_fortran_order = _described(file)
    count = math.prod(shape)
    there_are = os.fstat(file.fileno()).st_size - file.tell()
    if count * dtype.itemsize != there_are:
        raise _damaged(f"it says that it has {count * dtype.itemsize} bytes and has {there_are}")
    if not there_are:
        return np.zeros(shape, dtype, order="F" if in_fortran_order else "C")
    flat = np.fromfile(file, dtype, count)
    return flat.reshape(shape[::-1]).transpose() if in_fortran_order else flat.reshape(shape)


def _described(file: BinaryIO) -> tuple[Any, tuple[int, ...], bool]:
    import numpy as np

    start = file.read(8)
    if start[:6] != b"\x93NUMPY" or tuple(start[6:]) not in _VERSIONS:
        raise _damaged("it does not start as one")
    width, encoding = _VERSIONS[start[6], start[7]]
    length = int.from_bytes(file.read(width), "little")
    if length > _LONGEST_HEADER:
        raise _damaged(f"its header is {length} bytes long")
    header = _literal(file.read(length), encoding)
    match header:
        case {"descr": description, "fortran_order": bool(in_fortran_order), "shape": tuple(shape), **rest} if not rest:
            if len(shape) > 64 or not all(type(side) is int and side >= 0 for side in shape):
                raise _damaged(f"its shape is {shape!r}")
        case _:
            raise _damaged("its header does not describe an array")
    try:
        dtype = np.lib.format.descr_to_dtype(description)
    except Exception as error:
        raise _damaged(f"its header names no dtype: {error}") from error
    if dtype.hasobject:
        raise _damaged("it holds objects, which only a pickle could be")
    return dtype, shape, in_fortran_order


def _literal(header: bytes, encoding: str) -> object:
    try:
        text = header.decode(encoding)
        bare = _TEXT.sub("", text)
        if _DATA.fullmatch(bare) and _depth(bare) <= _DEEPEST:
            return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError):
        pass
    raise _damaged("its header is not data")


def _depth(text: str) -> int:
    deepest = depth = 0
    for character in re.findall(r"[\[\](){}]", text):
        depth += 1 if character in "([{" else -1
        deepest = max(deepest, depth)
    return deepest


def _damaged(reason: str) -> MaterializationError:
    return MaterializationError(f"this is not the file of an array: {reason}", hint="the artifact is damaged or forged")
