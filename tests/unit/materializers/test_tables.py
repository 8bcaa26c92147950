from __future__ import annotations

import binascii
import dataclasses
from collections.abc import Callable
from typing import Any, Final

import pytest

from orch.errors import MaterializationError
from orch.materializers import load

pa: Any = pytest.importorskip("pyarrow", reason="pyarrow is not installed")


class Celsius(pa.ExtensionType):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(pa.float64(), "test.celsius")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""


CELSIUS: Final = Celsius()


def of_ones_own() -> Any:
    return pa.ExtensionArray.from_storage(CELSIUS, pa.array([1.5]))


def test_pyarrow_reads_a_stored_table_without_us_and_with_its_metadata(journey: Any) -> None:
    artifact = journey.save(pa.table({"a": [1, 2]}, metadata={b"k": b"v"}))

    assert artifact.materializer == "table"
    with pa.OSFile(str(journey.store.path(artifact.digest))) as source, pa.ipc.open_file(source) as file:
        table = file.read_all()
        assert table.column("a").to_pylist() == [1, 2]
        assert table.schema.metadata[b"k"] == b"v"


def test_a_table_that_pyarrow_read_from_a_stored_one_comes_back_too(journey: Any) -> None:
    artifact = journey.save(pa.table({"a": [1, 2]}))
    with pa.OSFile(str(journey.store.path(artifact.digest))) as source, pa.ipc.open_file(source) as file:
        table = file.read_all()

    assert journey(table).schema.equals(table.schema, check_metadata=True)


def test_chunks_and_where_a_slice_begins_are_no_content(journey: Any) -> None:
    whole = pa.table({"a": ["x", None, "y", "z"], "b": [[1], [], None, [2]]})
    parts = pa.concat_tables([whole.slice(0, 1), whole.slice(1, 3)])

    assert journey.save(whole).digest == journey.save(parts).digest
    assert journey.save(whole.slice(1, 2)).digest == journey.save(parts.slice(1, 2)).digest


def test_what_stands_where_there_is_nothing_is_no_content(journey: Any) -> None:
    def numbers(below: int) -> Any:
        mask, data = pa.array([True, False]).buffers()[1], pa.array([1, below]).buffers()[1]
        inner = pa.Array.from_buffers(pa.int64(), 2, [mask, data])
        return pa.table({"a": inner, "b": pa.ListArray.from_arrays([0, 1, 2], inner), "c": pa.StructArray.from_arrays([inner], ["x"])})

    assert journey.save(numbers(5)).digest == journey.save(numbers(7)).digest


def test_the_type_of_a_view_leads_to_no_bytes_of_others(journey: Any) -> None:
    texts = pa.array(["a secret of another row, long enough", "another text, also long enough"], pa.string_view())
    artifact = journey.save(pa.table({"a": texts.slice(1)}))

    assert b"secret" not in journey.store.get(artifact.digest)


@pytest.mark.parametrize(
    ("make", "why", "way_out"),
    [
        (of_ones_own, "is not Arrow's own", "table.column('a').cast(...)"),
        (lambda: pa.ListArray.from_arrays([0, 1], of_ones_own()), "is not Arrow's own", "cast"),
        (lambda: pa.RunEndEncodedArray.from_arrays([2], ["x"]), "run_end_encoded", "pyarrow.compute.run_end_decode(table.column('a'))"),
        (lambda: pa.array([[("x", "y")]], pa.map_(pa.string(), pa.string_view())), "map", "cast"),
    ],
    ids=["extension", "extension inside", "run-end encoded", "views in a map"],
)
def test_a_column_that_would_not_come_back_is_named_with_the_way_out(journey: Any, make: Callable[[], Any], why: str, way_out: str) -> None:
    with pytest.raises(MaterializationError, match="the table's column 'a' would not come back the same") as caught:
        journey.save(pa.table({"a": make()}))

    assert why in caught.value.message
    assert way_out in caught.value.hint


def test_rows_without_columns_are_refused(journey: Any) -> None:
    with pytest.raises(MaterializationError, match="the table has 2 rows and no columns"):
        journey.save(pa.table({"a": [1, 2]}).select([]))


@pytest.mark.parametrize("value", [pa.array([1]), pa.schema([("a", pa.int64())])], ids=["array", "schema"])
def test_other_values_of_pyarrow_are_pickled(journey: Any, value: Any) -> None:
    artifact = journey.save(value)

    assert artifact.pickled == ("$",)
    assert journey.load(artifact).equals(value)


def test_the_preview_tells_the_shape_and_the_types(journey: Any) -> None:
    assert journey.save(pa.table({"a": [1, 2], "b": ["x", "y"]})).preview == "table 2x2 (a: int64, b: string)"
    assert journey.save(pa.record_batch({"a": [1]})).preview == "table 1x1 (a: int64)"
    assert len(journey.save(pa.table({f"column {i}": [i] for i in range(500)})).preview) <= 200


@pytest.mark.parametrize("codec", ["lz4", "zstd"])
def test_a_compressed_table_is_refused_before_it_is_unpacked(journey: Any, codec: str) -> None:
    artifact = journey.save(pa.table({"a": [0] * 1_000_000}))
    with pa.memory_map(str(journey.store.path(artifact.digest))) as source, pa.ipc.open_file(source) as file:
        table = file.read_all()
    bomb = pa.BufferOutputStream()
    with pa.ipc.new_file(bomb, table.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as file:
        file.write_table(table)
    forged = dataclasses.replace(artifact, digest=journey.store.put(bomb.getvalue().to_pybytes()))

    with pytest.raises(MaterializationError, match="it is compressed"):
        load(forged, journey.store, scratch=journey.folder / "scratch")


def in_base64(schema: bytes) -> bytes:
    return binascii.b2a_base64(schema, newline=False)


@pytest.mark.parametrize("kind", [pa.string_view(), pa.struct([("columnname", pa.string_view())])], ids=str)
def test_a_name_that_is_no_text_is_refused(journey: Any, kind: Any) -> None:
    table = pa.table({"columnname": pa.array([None], kind)})
    schema = table.schema.serialize().to_pybytes()
    artifact = journey.save(table)
    data = journey.store.get(artifact.digest)
    assert in_base64(schema) in data

    inner = schema.rindex(b"columnname") if kind.num_fields else schema.index(b"columnname")
    forged = schema[:inner] + b"column\xcc\xcc\xcc\xcc" + schema[inner + 10 :]
    with pytest.raises(MaterializationError, match="names of its columns are not text"):
        journey.load(dataclasses.replace(artifact, digest=journey.store.put(data.replace(in_base64(schema), in_base64(forged)))))


def test_bytes_that_a_forged_schema_calls_text_are_refused(journey: Any) -> None:
    artifact = journey.save(pa.table({"a": pa.array([b"\xff"], pa.binary_view())}))
    true, forged = (pa.schema([("a", kind)]).serialize().to_pybytes() for kind in (pa.binary_view(), pa.string_view()))
    texts = [in_base64(schema) for schema in (true, forged)]
    data = journey.store.get(artifact.digest)
    assert texts[0] in data
    assert len(texts[0]) == len(texts[1])

    with pytest.raises(MaterializationError, match="cannot be read back"):
        journey.load(dataclasses.replace(artifact, digest=journey.store.put(data.replace(*texts))))
