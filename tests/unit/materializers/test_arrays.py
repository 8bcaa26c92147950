from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orch.errors import MaterializationError
from orch.materializers import load, save
from orch.model.artifacts import Artifact

np = pytest.importorskip("numpy", reason="numpy is not installed")
from hypothesis.extra import numpy as hnp  # noqa: E402 -- needs numpy

SCALARS = hnp.scalar_dtypes()
DTYPES = SCALARS | hnp.array_dtypes(SCALARS, max_size=3) | hnp.byte_string_dtypes() | hnp.unicode_string_dtypes()
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)


def order(array: Any) -> str:
    return "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"


@given(data=st.data())
@settings(max_examples=200)
def test_arrays_come_back_by_dtype_shape_order_and_bytes(data: Any, long_journey: Any) -> None:
    array = data.draw(hnp.arrays(DTYPES, SHAPES))
    array = data.draw(st.sampled_from([array, np.asfortranarray(array), array.T, array[::-1] if array.ndim else array]))

    artifact = long_journey.save(array)
    again = long_journey.load(artifact)

    assert artifact.materializer == "npy"
    assert type(again) is np.ndarray
    assert (again.dtype, again.shape, order(again)) == (array.dtype, array.shape, order(array))
    assert again.tobytes() == array.tobytes()
    assert again.flags.writeable


def test_the_object_is_what_numpy_itself_writes(journey: Any) -> None:
    array = np.arange(12.0).reshape(3, 4)
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)

    artifact = journey.save(array)

    assert journey.store.get(artifact.digest) == file.getvalue()
    assert (artifact.size, artifact.type) == (len(file.getvalue()), "numpy.ndarray")
    assert artifact.comparable


@pytest.mark.parametrize("dtype", ["M8[ns]", "m8[s]", ">f8", ">i4", "c16", "f2", "?", "U5", "S5", "V3", [("a", "i4"), ("b", "f8", (2,))]])
def test_dtypes_of_every_kind_come_back(journey: Any, dtype: Any) -> None:
    array = np.zeros(3, dtype)

    again = journey([array])[0]

    assert again.dtype == array.dtype
    assert again.tobytes() == array.tobytes()


def test_a_structure_with_many_fields_can_be_read_back(journey: Any) -> None:
    array = np.zeros(2, [(f"a_rather_long_name_{i}", "f8") for i in range(1000)])

    assert journey(array).dtype == array.dtype


def test_a_large_array_is_written_in_blocks(journey: Any) -> None:
    array = np.arange(5_000_000)

    assert (journey(array) == array).all()


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.array([{"a": object}, None, "x"], dtype=object),
        lambda: np.ma.masked_array([1, 2], [True, False]),
        lambda: np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        lambda: np.zeros(2, np.dtype("i4", metadata={"unit": "m"})),
        lambda: np.asmatrix([[1, 2]]),
        lambda: np.zeros(2, np.dtype((np.record, [("a", "i4")]))),
        lambda: np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
        lambda: np.array([(1, None)], [("a", "i4"), ("b", object)]),
        lambda: np.zeros(2, np.dtype({"names": ["a", "b"], "formats": ["i4", "i2"], "offsets": [0, 0]})),
    ],
    ids=["objects", "masked", "record", "metadata", "matrix", "records", "aligned", "objects inside", "overlapping"],
)
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_what_npy_would_change_is_pickled_and_says_so(journey: Any, make: Any) -> None:
    pytest.importorskip("cloudpickle", reason="it is pickled")
    array = make()

    artifact = journey.save(array)
    again = journey.load(artifact)

    assert (artifact.pickled, artifact.comparable) == (("$",), False)
    assert type(again) is type(array)
    assert (again.dtype, again.dtype.metadata) == (array.dtype, array.dtype.metadata)
    assert again.tolist() == array.tolist()


def test_bytes_between_fields_are_nobodys_data(journey: Any) -> None:
    dtype = np.dtype({"names": ["a", "b"], "formats": ["i1", "f8"], "offsets": [0, 8], "itemsize": 20})
    noisy = np.frombuffer(bytearray(range(40)), dtype)
    clean = np.zeros(2, dtype)
    for name in ("a", "b"):
        clean[name] = noisy[name]

    one, other = journey.save(noisy), journey.save(clean)

    assert one.digest == other.digest
    assert one.comparable
    assert (journey.load(one)["b"] == noisy["b"]).all()
    assert noisy.tobytes()[1:8] != bytes(7)  # what was saved is as it was


@pytest.mark.skipif(np.dtype("g").itemsize == 8, reason="long doubles are doubles here")
def test_long_doubles_are_read_only_where_they_are_the_same_numbers(journey: Any) -> None:
    artifact = journey.save(np.array([1], "g") / 3)

    elsewhere = dataclasses.replace(artifact, meta={"longdouble": 112})

    with pytest.raises(MaterializationError, match="other numbers on this machine") as caught:
        journey.load(elsewhere)
    assert "float64" in caught.value.hint
    assert (journey.load(artifact) == np.array([1], "g") / 3).all()


def test_a_map_of_a_file_is_refused_with_the_way_out(journey: Any, tmp_path: Path) -> None:
    value = np.memmap(tmp_path / "map", dtype="i4", shape=3, mode="w+")

    with pytest.raises(MaterializationError, match=r"numpy\.memmap") as caught:
        journey.save([value])
    assert "numpy.array(value)" in caught.value.hint


HEADER = b"\x93NUMPY\x01\x00"


def npy(header: bytes, data: bytes = b"") -> bytes:
    return HEADER + len(header).to_bytes(2, "little") + header + data


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "does not start as one"),
        (b"PK\x03\x04", "does not start as one"),
        (b"\x93NUMPY\x09\x00", "does not start as one"),
        (npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000,), }"), "says that it has 80000000000 bytes and has 0"),
        (npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", bytes(9)), "8 bytes and has 9"),
        (npy(b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"cos\nsystem\n(S'true'\ntR."), "holds objects"),
        (npy(b"{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,), }"), "holds objects"),
        (npy(b"{'descr': 'nonsense', 'fortran_order': False, 'shape': (1,), }"), "names no dtype"),
        (npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }"), "not data"),
        (npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (True,), }"), "its shape"),
        (npy(b"{'descr': '<f8', 'fortran_order': 0, 'shape': (), }"), "does not describe"),
        (npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (), 'more': 1}"), "does not describe"),
        (npy(b"__import__('os').system('true')"), "not data"),
        (npy(b"-" * 60_000 + b"1"), "not data"),
        (npy(b"(" * 30_000), "not data"),
        (npy(b"1+" * 20_000 + b"1j"), "not data"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "4294967295 bytes long"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value,
)
def test_a_file_that_no_array_was_written_to_is_refused_before_anything_is_made_of_it(journey: Any, data: bytes, reason: str) -> None:
    artifact = Artifact(journey.store.put(data), len(data), "npy")

    with pytest.raises(MaterializationError, match=reason):
        load(artifact, journey.store, scratch=journey.folder)


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.float64(0.1),
        lambda: np.float64("nan"),
        lambda: np.float64("-inf"),
        lambda: np.float64(-0.0),
        lambda: np.float32(0.1),
        lambda: np.float16(0.1),
        lambda: np.int64(-(2**63)),
        lambda: np.uint64(2**64 - 1),
        lambda: np.int8(-1),
        lambda: np.bool_(True),
        lambda: np.complex64(1 + 2j),
        lambda: np.datetime64("2020-01-01", "D"),
        lambda: np.datetime64("NaT", "ns"),
        lambda: np.timedelta64(5, "s"),
        lambda: np.str_("ä"),
        lambda: np.bytes_(b"ab"),
        lambda: np.str_(""),
        lambda: np.bytes_(b""),
    ],
)
def test_scalars_keep_their_exact_type_inside_the_document(journey: Any, make: Any) -> None:
    value = make()

    artifact = journey.save({"score": value})
    again = journey.load(artifact)["score"]

    assert artifact.objects == ()
    assert artifact.comparable
    assert type(again) is type(value)
    assert (again.dtype, again.tobytes()) == (value.dtype, value.tobytes())


@pytest.mark.parametrize("make", [lambda: np.longdouble(1) / 3, lambda: np.zeros(1, [("a", "i4")])[0]], ids=["longdouble", "structure"])
def test_scalars_whose_bytes_say_too_little_are_pickled(journey: Any, make: Any) -> None:
    pytest.importorskip("cloudpickle", reason="they are pickled")
    value = make()

    again = journey(value)

    assert type(again) is type(value)
    assert again == value


@pytest.mark.skipif(np.dtype("longlong").char == np.dtype("int64").char, reason="the two are one type here")
def test_scalars_that_numpy_itself_changes_are_an_error_with_the_way_out(journey: Any) -> None:
    with pytest.raises(MaterializationError, match=r"a numpy.longlong would come back as another value: numpy.int64") as caught:
        journey.save([np.longlong(5)])
    assert ".item()" in caught.value.hint


def test_bytes_that_numpy_would_cut_are_an_error(journey: Any) -> None:
    with pytest.raises(MaterializationError, match=r"a numpy.bytes_ would come back as another value"):
        journey.save(np.bytes_(b"a\0"))


def test_a_scalar_reads_as_a_number_in_the_document(journey: Any) -> None:
    artifact = journey.save(np.float64(0.5))

    assert journey.store.get(artifact.digest) == b'{"$numpy":["<f8",0.5]}'
    assert (artifact.type, artifact.preview) == ("numpy.float64", "0.5")


def test_saving_an_array_does_not_need_cloudpickle(journey: Any, without: Any) -> None:
    without("cloudpickle")

    assert save([np.arange(3)], journey.store).objects
