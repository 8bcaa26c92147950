from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orch.errors import MaterializationError
from orch.materializers import save

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
        lambda: np.array([{"a": 1}, None, "x"], dtype=object),
        lambda: np.ma.masked_array([1, 2], [True, False]),
        lambda: np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        lambda: np.zeros(2, np.dtype("i4", metadata={"unit": "m"})),
    ],
    ids=["objects", "masked", "record", "metadata"],
)
def test_what_npy_would_change_is_pickled_and_says_so(journey: Any, make: Any) -> None:
    pytest.importorskip("cloudpickle", reason="it is pickled")
    array = make()

    artifact = journey.save(array)
    again = journey.load(artifact)

    assert (artifact.materializer, artifact.comparable) == ("pickle", False)
    assert type(again) is type(array)
    assert (again.dtype, again.dtype.metadata) == (array.dtype, array.dtype.metadata)
    assert again.tolist() == array.tolist()


def test_bytes_that_padding_leaves_open_are_not_compared(journey: Any) -> None:
    padded = np.dtype([("a", "i1"), ("b", "f8")], align=True)

    assert not journey.save(np.zeros(2, padded)).comparable
    assert not journey.save(np.zeros(2, np.dtype([("x", padded)]))).comparable
    assert journey.save(np.zeros(2, [("a", "i1"), ("b", "f8")])).comparable


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
