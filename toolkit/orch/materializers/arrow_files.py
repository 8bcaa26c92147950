"""Arrow's file format, by pyarrow: one batch out, and in only what nobody can be hurt by.

An artifact may be anybody's: nothing compressed is read, as a small file could become a large table, and a table is used
when all of its offsets and texts have been looked at.
"""

from __future__ import annotations

import binascii
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orch.errors import MaterializationError
from orch.materializers.classes import type_name
from orch.model import canonical

if TYPE_CHECKING:
    from orch.model.canonical import Json

KEY: Final = b"orch"  # of the layout, in the metadata of the schema
# https://github.com/apache/arrow/blob/main/format/Message.fbs: the field of the header, and of what is compressed in it.
_HEADER: Final = 2
_COMPRESSION: Final = {"record batch": (3,), "dictionary": (1, 3)}


def check_installed(value: object) -> None:
    try:
        import pyarrow as pa  # noqa: F401
    except ModuleNotFoundError as error:
        message = f"a value of type {type_name(value)!r} is stored as Arrow, and pyarrow is not installed"
        raise MaterializationError(message, hint="add pyarrow to the project's requirements") from error


def write(columns: dict[str, Any], layout: Json, sink: Any) -> None:
    import pyarrow as pa

    write_batch([pa.field(name, array.type) for name, array in columns.items()], list(columns.values()), {}, layout, sink)


def write_batch(fields: list[Any], arrays: list[Any], metadata: dict[bytes, bytes], layout: Json, sink: Any) -> None:
    import pyarrow as pa

    schema = pa.schema(fields, metadata={**metadata, KEY: canonical.dumps(layout).encode()})
    with pa.ipc.new_file(sink, schema) as file:
        file.write_batch(pa.RecordBatch.from_arrays([_canonical(array) for array in arrays], schema=schema))


def to_text(array: Any) -> str:
    """All of an array in a text, for a layout."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    write({"": array}, None, sink)
    return binascii.b2a_base64(sink.getvalue(), newline=False).decode()


def from_text(text: str) -> Any:
    return read(binascii.a2b_base64(text))[0][0]


def _canonical(array: Any) -> Any:
    """One array, with zeros where it has no value: what was there before is nobody's data. Inside others, nobody counts."""
    import numpy as np
    import pyarrow as pa

    kind = getattr(array.type, "storage_type", array.type)
    if not (array.null_count or pa.types.is_nested(kind) or pa.types.is_boolean(kind)):
        return array
    try:
        return array.take(pa.array(np.arange(len(array))))
    except pa.ArrowNotImplementedError as error:
        message = f"an array of Arrow's type {array.type} has no form in which equal values are equal bytes"
        raise MaterializationError(message, hint="cast it, as a string_view to pyarrow.large_string()") from error


def read(source: Path | bytes) -> tuple[list[Any], Json]:
    """The columns and the layout; raises MaterializationError where there are none of `write`."""
    batch, layout = read_batch(source)
    return list(batch.columns), layout


def read_batch(source: Path | bytes) -> tuple[Any, Json]:
    import pyarrow as pa

    with pa.memory_map(str(source)) if isinstance(source, Path) else pa.BufferReader(source) as file:
        try:
            _refuse_compressed(file)
            file.seek(0)
            with pa.ipc.open_file(file) as reader:
                if reader.num_record_batches != 1:
                    raise _damaged(f"it has {reader.num_record_batches} batches")
                layout = canonical.loads((reader.schema.metadata or {})[KEY])
                batch = reader.get_batch(0)
                batch.validate(full=True)
        except (pa.ArrowException, OSError, ValueError, KeyError, struct.error, OverflowError) as error:
            raise _damaged(f"{type(error).__name__}: {error}") from error
    return batch, layout


def _refuse_compressed(file: Any) -> None:
    """Message by message, as in a stream, which a file is after its first eight bytes; nothing of a body is read."""
    import pyarrow as pa

    file.seek(8)
    for message in pa.ipc.MessageReader.open_stream(file):
        if path := _COMPRESSION.get(message.type):
            if _has(message.metadata.to_pybytes(), (_HEADER, *path)):
                raise _damaged("it is compressed")
        elif message.type != "schema":
            raise _damaged(f"it holds a {message.type}")


def _has(buffer: bytes, path: tuple[int, ...]) -> bool:
    """Whether a flatbuffer has the field that the numbers of its tables' fields lead to: https://flatbuffers.dev/internals."""
    (table,) = struct.unpack_from("<I", buffer, 0)
    for number in path:
        (back,) = struct.unpack_from("<i", buffer, table)
        size, *_ = struct.unpack_from("<H", buffer, table - back)
        slot = 4 + 2 * number
        offset = struct.unpack_from("<H", buffer, table - back + slot)[0] if slot + 2 <= size else 0
        if not offset:
            return False
        table += offset
        table += struct.unpack_from("<I", buffer, table)[0]
    return True


def _damaged(reason: str) -> MaterializationError:
    return MaterializationError(f"this is not the table of a frame: {reason}", hint="the artifact is damaged or forged")
