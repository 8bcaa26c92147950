"""Tables and record batches of pyarrow as Arrow files: schema, metadata and nullability as they were, the rows in one batch."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Any, Final

from orch.errors import MaterializationError
from orch.materializers import arrow_files
from orch.materializers.arrow_arrays import NotKept
from orch.materializers.arrow_files import KEY
from orch.materializers.classes import type_name
from orch.model.artifacts import Artifact

if TYPE_CHECKING:
    from pathlib import Path

    from orch.model.canonical import Json
    from orch.stores.local import LocalStore

NAME: Final = "table"


def takes(value: Any) -> bool:
    import pyarrow as pa

    return type(value) in (pa.Table, pa.RecordBatch)


def save(value: Any, store: LocalStore) -> Artifact:
    import pyarrow as pa

    what = "table" if type(value) is pa.Table else "batch"
    if value.num_rows and not value.num_columns:
        message = f"the {what} has {value.num_rows} rows and no columns, which would come back as none"
        raise MaterializationError(message, hint="return the number of rows")
    layout: dict[str, Json] = {"kind": what}
    packed = [_packed(value.column(i), field, what) for i, field in enumerate(value.schema)]
    fields = [field.with_type(array.type) for field, array in zip(value.schema, packed, strict=True)]
    if any(field.type != given.type for field, given in zip(fields, value.schema, strict=True)):
        layout["schema"] = _text(value.schema.remove_metadata().serialize())
    metadata = dict(value.schema.metadata or {})
    if KEY in metadata:  # of a table that pyarrow read from a file of ours
        layout["metadata"] = _text(metadata.pop(KEY))
    with store.create() as writer:
        arrow_files.write_batch(fields, packed, metadata, layout, writer)
    return Artifact(writer.digest, writer.size, NAME, type=type_name(value))


def load(artifact: Artifact, store: LocalStore, scratch: Path) -> object:  # noqa: ARG001 -- every materializer has it
    import pyarrow as pa

    batch, layout = arrow_files.read_batch(store.path(artifact.digest))
    metadata = {name: content for name, content in batch.schema.metadata.items() if name != KEY}
    if "metadata" in layout:
        metadata[KEY] = binascii.a2b_base64(layout["metadata"])
    fields, arrays = list(batch.schema), list(batch.columns)
    if "schema" in layout:
        fields = list(pa.ipc.read_schema(pa.py_buffer(binascii.a2b_base64(layout["schema"]))))
        arrays = [array.cast(field.type) for array, field in zip(arrays, fields, strict=True)]
    if not all(map(_is_text, fields)):
        raise MaterializationError("the names of its columns are not text", hint="the artifact is damaged or forged")
    schema = pa.schema(fields, metadata=metadata or None)
    return {"table": pa.Table, "batch": pa.RecordBatch}[layout["kind"]].from_arrays(arrays, schema=schema)


def _is_text(field: Any) -> bool:
    """Whether the name is: pyarrow finds out when it is asked for one, and a file has its bytes."""
    try:
        return isinstance(field.name, str) and all(_is_text(field.type.field(i)) for i in range(field.type.num_fields))
    except UnicodeDecodeError:
        return False


def _packed(column: Any, field: Any, what: str) -> Any:
    """One array, in whose bytes is nothing but its values."""
    import pyarrow as pa

    try:
        kept = _kept(field.type)
        array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        if kept != field.type:
            array = array.cast(kept)
            array.cast(field.type)  # which not every type can be
    except (NotKept, pa.ArrowException) as error:
        message = f"the {what}'s column {field.name!r} would not come back the same: {error}"
        raise MaterializationError(message, hint=_way_out(field.type, f"{what}.column({field.name!r})")) from error
    return array


def _way_out(kind: Any, chosen: str) -> str:
    import pyarrow as pa

    if pa.types.is_run_end_encoded(kind):
        return f"pyarrow.compute.run_end_decode({chosen})"
    return f"{chosen}.cast(...) to a type of Arrow's own"


def _kept(kind: Any) -> Any:
    """The type whose arrays are kept in place of `kind`; raises NotKept.

    A view leads into memory of which nobody knows what else is there. A type of the user's own is unknown where it is not registered.
    """
    import pyarrow as pa

    if isinstance(kind, (pa.ExtensionType, pa.UnknownExtensionType)):
        raise NotKept(f"its type {kind} is not Arrow's own, and nobody may know it where it is read")
    if pa.types.is_run_end_encoded(kind):
        raise NotKept(f"its type is {kind}")
    if str(kind) in ("string_view", "binary_view"):  # which older versions do not have
        return pa.large_string() if str(kind) == "string_view" else pa.large_binary()
    inner = [kind.field(i) for i in range(kind.num_fields)]
    kept = [field.with_type(_kept(field.type)) for field in inner]
    if kept == inner:
        return kind
    if pa.types.is_struct(kind):
        return pa.struct(kept)
    if pa.types.is_list(kind):
        return pa.list_(kept[0])
    if pa.types.is_large_list(kind):
        return pa.large_list(kept[0])
    raise NotKept(f"its type is {kind}")


def _text(content: Any) -> str:
    return binascii.b2a_base64(content, newline=False).decode()
