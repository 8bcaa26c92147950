from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import pytest

from orch.errors import MaterializationError

pd = pytest.importorskip("pandas", reason="pandas is not installed")
np = pytest.importorskip("numpy", reason="numpy is not installed")
pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")

OBJECTS = {"dtype": object}

FRAMES = {
    "numbers": lambda: pd.DataFrame({"i": [1, 2], "f": [0.5, None], "b": [True, False]}),
    "small numbers": lambda: pd.DataFrame({dtype: np.array([1], dtype) for dtype in ("i1", "i2", "u1", "u8", "f2", "f4")}),
    "text": lambda: pd.DataFrame({"a": ["x", None, "ä"]}),
    "text as objects": lambda: pd.DataFrame({"a": pd.Series(["x", "y"], **OBJECTS)}),
    "objects with None": lambda: pd.DataFrame({"a": pd.Series(["x", None], **OBJECTS)}),
    "objects with NaN": lambda: pd.DataFrame({"a": pd.Series(["x", float("nan")], **OBJECTS)}),
    "numbers as objects": lambda: pd.DataFrame({"a": pd.Series([1, None, 2], **OBJECTS)}),
    "booleans as objects": lambda: pd.DataFrame({"a": pd.Series([True, None], **OBJECTS)}),
    "nothing but None": lambda: pd.DataFrame({"a": pd.Series([None, None], **OBJECTS)}),
    "lists": lambda: pd.DataFrame({"a": [[1, 2], [], None]}),
    "dates": lambda: pd.DataFrame({"a": [dt.date(2020, 1, 1)]}),
    "decimals": lambda: pd.DataFrame({"a": [decimal.Decimal("1.50"), decimal.Decimal("0.25")]}),
    "bytes": lambda: pd.DataFrame({"a": [b"x"]}),
    "times": lambda: pd.DataFrame({unit: np.array(["2020-01-01", "NaT"], f"M8[{unit}]") for unit in ("s", "ms", "us", "ns")}),
    "zones": lambda: pd.DataFrame({zone: pd.to_datetime(["2020-01-01"]).tz_localize(zone) for zone in ("UTC", "Europe/Berlin")}),
    "durations": lambda: pd.DataFrame({"a": np.array([1], "m8[s]"), "b": np.array([1], "m8[ns]")}),
    "periods": lambda: pd.DataFrame({"a": pd.period_range("2020", periods=2, freq="M")}),
    "intervals": lambda: pd.DataFrame({"a": pd.interval_range(0, 2)}),
    "categories": lambda: pd.DataFrame({"a": pd.Categorical(["x", None], categories=["z", "x"], ordered=True)}),
    "categories of numbers": lambda: pd.DataFrame({"a": pd.Categorical([3, 1])}),
    "nullable": lambda: pd.DataFrame({name: pd.array([1, None], dtype=name) for name in ("Int64", "Float32", "boolean")}),
    "nullable text": lambda: pd.DataFrame({name: pd.array(["x", None], dtype=f"string[{name}]") for name in ("pyarrow", "python")}),
    "arrow": lambda: pd.DataFrame({"a": pd.array([1, None], dtype="int64[pyarrow]")}),
    "empty": pd.DataFrame,
    "no columns": lambda: pd.DataFrame(index=[1, 2]),
    "no rows": lambda: pd.DataFrame({"a": np.array([], "i4"), "b": pd.Categorical([], categories=["x"])}),
    "range as columns": lambda: pd.DataFrame(np.zeros((2, 3))),
    "numbers as columns": lambda: pd.DataFrame([[1, 2]], columns=[20, 10]),
    "named columns": lambda: pd.DataFrame([[1, 2]], columns=pd.Index(["b", "a"], name="letters")),
    "columns as objects": lambda: pd.DataFrame([[1]], columns=pd.Index(["x"], **OBJECTS)),
    "levels of columns": lambda: pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])),
    "range": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(10, 14, 2, name="n")),
    "index": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.Index([7, 7], name="a")),
    "index of floats": lambda: pd.DataFrame({"a": [1]}, index=pd.Index([1.5])),
    "index of objects": lambda: pd.DataFrame({"a": [1]}, index=pd.Index(["x"], **OBJECTS)),
    "index of categories": lambda: pd.DataFrame({"a": [1]}, index=pd.CategoricalIndex(["x"])),
    "index with levels": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["x", None])),
    "index with a frequency": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.date_range("2020", periods=2, freq="D", tz="UTC")),
    "index of business months": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.date_range("2020", periods=2, freq="BME")),
    "part of a frame": lambda: pd.DataFrame({"a": range(100), "b": ["x", None] * 50})[3:90:7],
    "attrs": lambda: attrs(pd.DataFrame({"a": [1]}), {"unit": "m", "shape": (1, 2)}),
}
PARTS = {
    "series": lambda: pd.Series([1, 2], name="n"),
    "series without a name": lambda: pd.Series(["x", None]),
    "series with a name of its own": lambda: pd.Series([1.5], index=["x"], name=("a", 1)),
    "series of objects": lambda: pd.Series(["x", None], **OBJECTS),
    "series in time": lambda: pd.Series([1.0, 2.0, 3.0], index=pd.date_range("2020", periods=3, freq="h")),
    "index": lambda: pd.Index(["b", "a"], name="letters"),
    "range": lambda: pd.RangeIndex(5),
    "times": lambda: pd.date_range("2020", periods=3, freq="D", tz="Europe/Berlin"),
    "durations": lambda: pd.timedelta_range("1h", periods=3, freq="h"),
    "periods": lambda: pd.period_range("2020", periods=2, freq="M"),
    "intervals": lambda: pd.IntervalIndex.from_breaks([0, 1, 2]),
    "categories": lambda: pd.CategoricalIndex(["b", "a"], categories=["b", "a", "c"]),
    "levels": lambda: pd.MultiIndex.from_product([[1, 2], ["a"]], names=["x", None]),
}


def attrs(frame: Any, given: dict[str, object]) -> Any:
    frame.attrs |= given
    return frame


def assert_same(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    if isinstance(one, pd.Index):
        pd.testing.assert_index_equal(one, other, exact=True)
    elif isinstance(one, pd.Series):
        pd.testing.assert_series_equal(one, other, check_exact=True, check_index_type=True)
    else:
        pd.testing.assert_frame_equal(one, other, check_exact=True, check_index_type="exact", check_column_type="exact")
        assert one.attrs == other.attrs


@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_frames_come_back_by_dtype_index_columns_and_order(journey: Any, make: Any) -> None:
    frame = make()

    artifact = journey.save(frame)
    again = journey.load(artifact)

    assert artifact.materializer == "arrow"
    assert artifact.comparable
    assert_same(again, frame)


@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_the_frame_read_back_is_the_readers_to_change(journey: Any, make: Any) -> None:
    again = journey(make())

    for i in range(again.shape[1] if len(again) else 0):
        again.iloc[0, i] = again.iloc[-1, i]


@pytest.mark.parametrize("make", PARTS.values(), ids=PARTS)
def test_series_and_indexes_come_back(journey: Any, make: Any) -> None:
    value = make()

    assert_same(journey(value), value)


@pytest.mark.parametrize("make", [*FRAMES.values(), *PARTS.values()], ids=[*FRAMES, *(f"{name} alone" for name in PARTS)])
def test_equal_frames_have_equal_bytes(journey: Any, make: Any) -> None:
    value = make()
    digest = journey.save(value).digest

    assert journey.save(make()).digest == digest
    assert journey.save(journey(value)).digest == digest
    assert journey.save(value.copy()).digest == digest


def test_how_a_frame_was_put_together_is_not_in_its_bytes(journey: Any) -> None:
    whole = pd.DataFrame({"n": pd.array([*range(50), None], dtype="Int64"), "t": [*map(str, range(50)), None], "f": [0.5] * 51})
    glued = pd.concat([whole[:13], whole[13:40], whole[40:]])
    cut = pd.concat([whole[40:], whole, whole[:3]]).iloc[11:-3]
    masked = whole.copy()
    masked.loc[50, "n"] = 99
    masked.loc[50, "n"] = None

    digests = {journey.save(frame).digest for frame in (whole, glued, cut.reset_index(drop=True), masked)}

    assert len(digests) == 1


@pytest.mark.parametrize(
    ("make", "column"),
    [
        (lambda: pd.DataFrame({"ok": [1, 2], "bad": pd.Series([1, "x"], **OBJECTS)}), "'bad'"),
        (lambda: pd.DataFrame({"ok": [1, 2], "bad": pd.Series([None, float("nan")], **OBJECTS)}), "'bad'"),
        (lambda: pd.DataFrame({"ok": [1, 2], "bad": pd.Series([1, 2.5], **OBJECTS)}), "'bad'"),
        (lambda: pd.DataFrame({"bad": [decimal.Decimal("1.0"), decimal.Decimal("1.00")]}), "'bad'"),
        (lambda: pd.DataFrame({"bad": [{"a": 1}, {"b": 2}]}), "'bad'"),
        (lambda: pd.DataFrame({"bad": pd.Series([(1, 2)], **OBJECTS)}), "'bad'"),
        (lambda: pd.DataFrame({"bad": [object()]}), "'bad'"),
        (lambda: pd.DataFrame({"bad": [1j]}), "'bad'"),
        (lambda: pd.DataFrame({"bad": pd.arrays.SparseArray([0, 1])}), "'bad'"),
        (lambda: pd.DataFrame({"bad": np.array([1], ">i4")}), "'bad'"),
        (lambda: pd.DataFrame({"bad": pd.Series([pd.Timestamp(0)], **OBJECTS)}), "'bad'"),
        (lambda: pd.DataFrame([[1, 2]], columns=["bad", "bad"]), "'bad'"),
        (lambda: pd.Series([1, "x"], **OBJECTS), "'values'"),
    ],
)
def test_a_column_that_would_change_is_an_error_that_names_it(journey: Any, make: Any, column: str) -> None:
    with pytest.raises(MaterializationError) as caught:
        journey.save(make())

    assert column in caught.value.message
    assert "'ok'" not in caught.value.message
    assert caught.value.hint
    assert not (journey.store.root / "objects").exists()


@pytest.mark.parametrize(
    "make",
    [
        lambda: pd.DataFrame([[1, 2]], columns=[1, "a"]),
        lambda: pd.DataFrame([[1]], columns=[dt.date(2020, 1, 1)]),
        lambda: pd.DataFrame({"a": [1]}, index=pd.Index([7], name=3)),
        lambda: pd.DataFrame({"a": [1, 2]}, index=pd.Index([1, "x"], **OBJECTS)),
        lambda: pd.DataFrame({"a": [1, 2]}, index=pd.Index([None, float("nan")], **OBJECTS)),
        lambda: pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False),
        lambda: pd.Series([1], name=object()),
        lambda: attrs(pd.DataFrame({"a": [1]}), {"x": object()}),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_else_would_change_is_an_error_with_the_way_out(journey: Any, make: Any) -> None:
    with pytest.raises(MaterializationError) as caught:
        journey.save(make())
    assert caught.value.hint


def test_frames_inside_a_dict_come_back(journey: Any) -> None:
    frame = pd.DataFrame({"a": [1, 2]})

    artifact = journey.save({"train": frame, "test": [frame, frame["a"]]})
    again = journey.load(artifact)

    assert len(artifact.objects) == 2
    assert_same(again["train"], frame)
    assert_same(again["test"][1], frame["a"])


def test_a_frame_of_another_class_is_pickled(journey: Any) -> None:
    pytest.importorskip("cloudpickle", reason="it is pickled")

    artifact = journey.save(pd.Timestamp("2020-01-01", tz="UTC"))

    assert artifact.materializer == "pickle"
    assert journey.load(artifact) == pd.Timestamp("2020-01-01", tz="UTC")


def test_without_pyarrow_the_requirement_is_named(journey: Any, without: Any) -> None:
    without("pyarrow")

    with pytest.raises(MaterializationError, match="pyarrow is not installed") as caught:
        journey.save(pd.DataFrame({"a": [1]}))
    assert "add pyarrow to the project's requirements" in caught.value.hint


def test_the_preview_tells_the_shape_and_the_types(journey: Any) -> None:
    assert journey.save(pd.DataFrame({"a": [1, 2], "b": [0.5, 1]})).preview == "frame 2x2 (a: int64, b: float64)"
    assert journey.save(pd.Series([1])).preview == "series of 1, int64"
    assert journey.save(pd.RangeIndex(3)).preview == "index of 3, int64"
    assert len(journey.save(pd.DataFrame([[1] * 500])).preview) <= 200


def test_pyarrow_can_read_the_object_without_us(journey: Any) -> None:
    artifact = journey.save(pd.DataFrame({"a": [1, 2]}))

    with pa.OSFile(str(journey.store.path(artifact.digest))) as source, pa.ipc.open_file(source) as file:
        assert file.read_all().column("a").to_pylist() == [1, 2]
